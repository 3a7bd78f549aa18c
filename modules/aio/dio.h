/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which devices have somebody's direct I/O
 */
#ifndef IQ_MODULES_AIO_DIO_H
#define IQ_MODULES_AIO_DIO_H

#include "inquest/module.h"

typedef bool (*dio_is_ours_fn)(struct iq_diag *d, void *ctx, iq_vaddr kiocb);
typedef void (*dio_found_fn)(struct iq_diag *d, void *ctx, struct iq_object *device,
			     const char *where);

/*
 * Look at the bios that all devices have put aside (device-mapper) or have in hand, and call
 * `found` for each whose struct kiocb is ours. Returns how many there were.
 */
size_t dio_search(struct iq_diag *d, dio_is_ours_fn is_ours, dio_found_fn found, void *ctx);

#endif
