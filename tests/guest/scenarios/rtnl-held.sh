# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The configuration of network devices is locked: the kernel writes the list of devices into memory that
# a userfaultfd serves, whose monitor is stopped. A module that knows network devices is being loaded
# meanwhile, twice, and somebody wants a network namespace.

make() {
    rmmod dummy || fail "rmmod dummy"
    background ifconf_p role ifconf-uffd
    facts_of ifconf_p ifconf
    stays_in_state "$monitor" T 5
    until_true 10 stack_has "$ifconf" handle_userfault || fail "no fault is waiting"
    hangs link 'rtnl|netlink|devinet|dev_ioctl|inet_ioctl' ifconfig lo up
    ko=/lib/modules/dummy.ko
    hangs insmod1 'rtnl|do_init_module|register' insmod $ko
    background insmod2 insmod $ko
    until_true 10 stack_has "$insmod2" 'load_module|idempotent|finit' || fail "insmod does not wait"
    fact insmod2 "$insmod2"
    hangs netns 'copy_net_ns|create_new_namespaces' unshare -n true
}

heal() {
    kill -CONT "$monitor"
    for p in $ifconf $link $insmod1 $insmod2 $netns; do ends "$p" 20; done
    rmmod dummy
}
