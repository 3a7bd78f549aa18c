# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A mount from an SMB server that takes the connection and is then lost.

make() {
    lost_net
    ip addr add 10.9.9.2/32 dev dummy0 || fail "ip addr"
    background server_p role silent-server 10.9.9.2 445
    facts_of server_p server
    background mount_p role mount-as cifs //10.9.9.2/share /smb \
        'unc=\\10.9.9.2\share,ip=10.9.9.2,username=u,password=p,vers=3.0'
    facts_of mount_p mounter
    facts_of server_p asked
    ip addr del 10.9.9.2/32 dev dummy0 || fail "ip addr del"
    kill -9 "$server"
    blocks_in "$mounter" 'cifs|smb2|SMB2|wait_for_response|compound_send_recv'
}

heal() {
    kill -9 "$mounter"
    ends "$mounter" 60
    ip link del dummy0
}
