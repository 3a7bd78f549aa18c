/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Instructions, decoded by Capstone
 *
 * Opened in one way for all who read code: with details (operands, registers, groups). What an
 * instruction means is for the caller to say. A decoder is the caller's, and holds one instruction
 * at a time.
 */
#ifndef IQ_ARCH_DECODER_H
#define IQ_ARCH_DECODER_H

#include <capstone/capstone.h>

#include "inquest/types.h"

struct iq_decoder {
	csh handle;
	cs_insn *insn; /* decoded last */
};

enum iq_decoder_syntax { IQ_SYNTAX_INTEL, IQ_SYNTAX_ATT };

/* Where that is false there is no decoder, and nothing to deinit. */
bool iq_decoder_init(struct iq_decoder *d, enum iq_decoder_syntax syntax);
void iq_decoder_deinit(struct iq_decoder *d);

/* Decode the first instruction of this code into d->insn. False: it is none, or cut off. */
bool iq_decoder_next(struct iq_decoder *d, iq_vaddr addr, const void *code, size_t len);

#endif
