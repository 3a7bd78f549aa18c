# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A POSIX message queue is full: its only reader is stopped. Two senders wait.
# Another reader waits for messages that nobody sends yet.

make() {
    background idle_p role mq-receive /idle
    background receiver_p role mq-receive /work
    facts_of receiver_p receiver
    kill -STOP "$receiver"
    stays_in_state "$receiver" T 5
    background sender1 role mq-send /work
    background sender2 role mq-send /work
    for t in $sender1 $sender2; do
        until_true 20 stack_has "$t" wq_sleep || fail "$t does not wait for room"
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
}
