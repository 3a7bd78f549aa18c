# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The monitor of a userfaultfd is stopped while a thread of the process that it serves needs a page.

make() {
    background uffd_p role uffd
    facts_of uffd_p user
    stays_in_state "$monitor" T 5
    until_true 10 stack_has "$user" handle_userfault || fail "no fault is waiting"
}

heal() {
    kill -CONT "$monitor"
    until_true 10 [ ! -e "/proc/$user" ] || fail "the thread does not go on"
    kill "$main" "$monitor"
    ends "$main" 10
}
