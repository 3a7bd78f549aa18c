# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A process starts another by vfork, and that one is stopped before it has come to execve.

make() {
    background parent_p role vfork
    facts_of parent_p parent
    stays_in_state "$parent" D 10
    child=$(cat "/proc/$parent/task/$parent/children")
    child=${child%% *}
    stays_in_state "$child" T 10
    fact child "$child"
}

heal() {
    kill -CONT "$child"
    ends "$parent" 20
}
