# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The incident, looked at by hand: the lines that somebody types who knows mdb.
