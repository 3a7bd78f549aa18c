/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <unistd.h>
int main(void) { pause(); }
