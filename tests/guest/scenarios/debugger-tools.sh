# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A healthy machine, for a comparison of what the debugger's commands say of each task with what
# the kernel's own /proc says.
