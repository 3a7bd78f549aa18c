/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * struct scsi_device and Scsi_Host: which ones, what they are called, what keeps I/O back
 *
 * Texts are static, or in the scratch arena. Where something cannot be read, or its module has no
 * types, the answer is 0, NULL or false.
 */
#ifndef IQ_SCSI_DEVICE_H
#define IQ_SCSI_DEVICE_H

#include "inquest/session.h"

/* The scsi_device of a queue (struct request_queue), of a disk (struct gendisk). */
iq_vaddr iq_scsi_of_queue(struct iq_session *s, iq_vaddr queue);
iq_vaddr iq_scsi_of_disk(struct iq_session *s, iq_vaddr disk);

/* Its host (struct Scsi_Host). */
iq_vaddr iq_scsi_host_of(struct iq_session *s, iq_vaddr sdev);

/*
 * Its disk, which its queue knows since v5.15; 0: it has none (a tape, a device that is being
 * found).
 */
iq_vaddr iq_scsi_disk_of(struct iq_session *s, iq_vaddr sdev);

/* The host adapter's driver: "virtio_scsi", "scsi_debug". */
const char *iq_scsi_driver(struct iq_session *s, iq_vaddr host);

/* "SCSI 2:0:0:1 ACME Disk 4000, driver virtio_scsi" */
const char *iq_scsi_describe(struct iq_session *s, iq_vaddr sdev, iq_vaddr host);

/*
 * What keeps I/O from being handed to a SCSI device, in the kernel's words: "SDEV_BLOCK",
 * "SHOST_RECOVERY", "host_self_blocked". NULL: nothing.
 */
const char *iq_scsi_device_held(struct iq_session *s, iq_vaddr sdev);
const char *iq_scsi_host_held(struct iq_session *s, iq_vaddr host);

/* Is its error recovery at work? *state_ret is what keeps I/O back, of whichever kind; or NULL. */
bool iq_scsi_in_recovery(struct iq_session *s, iq_vaddr host, const char **state_ret);

/* Does the device of this disk, or its host, keep I/O back? */
bool iq_scsi_may_owe(struct iq_session *s, iq_vaddr disk);

#endif
