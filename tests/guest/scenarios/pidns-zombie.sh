# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Somebody outside has put a process into a container (as `docker exec` does) and
# does not reap it. The container's init is killed and waits for that for ever.

make() {
    background parent_p role pidns -
    facts_of parent_p init
    background outsider_p role pidns-outsider "$init"
    facts_of outsider_p outsider
    kill -9 "$init"
    until_true 10 stack_has "$init" zap_pid_ns || fail "init does not wait for its namespace"
    stays_in_state "$injected" Z 10
    usleep 300000
    stack_has "$init" zap_pid_ns || fail "init does not wait any more"
}

heal() {
    kill "$outsider"
    for t in $outsider $init $parent; do ends "$t" 20; done
}
