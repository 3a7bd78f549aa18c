# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A System V message queue is full: who received from it is stopped. Two senders
# wait. A second queue is empty, and who receives from it waits for work.

make() {
    background idle_p role msg-receive
    background receiver_p role msg-receive
    facts_of receiver_p receiver
    background sender1 role msg-send "$queue"
    sleep 1
    kill -STOP "$receiver"
    stays_in_state "$receiver" T 5
    background sender2 role msg-send "$queue"
    for t in $sender1 $sender2; do
        until_true 20 stack_has "$t" msgsnd || fail "$t does not wait for room"
        stays_in_state "$t" S 10
    done
    fact sender1 "$sender1"
    fact sender2 "$sender2"
    fact idle_p "$idle_p"
}

heal() {
    kill -CONT "$receiver"
    kill "$sender1" "$sender2"
    usleep 300000
    kill "$receiver" "$idle_p"
    for t in $sender1 $sender2 $receiver; do ends "$t" 20; done
    ipcrm -q "$queue"
    true
}
