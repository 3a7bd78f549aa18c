/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "arch/decoder.h"

bool iq_decoder_init(struct iq_decoder *d, enum iq_decoder_syntax syntax)
{
	if (cs_open(CS_ARCH_X86, CS_MODE_64, &d->handle) != CS_ERR_OK)
		return false;
	if (syntax == IQ_SYNTAX_ATT)
		cs_option(d->handle, CS_OPT_SYNTAX, CS_OPT_SYNTAX_ATT);
	cs_option(d->handle, CS_OPT_DETAIL, CS_OPT_ON);
	d->insn = cs_malloc(d->handle);
	if (!d->insn)
		cs_close(&d->handle);
	return d->insn;
}

void iq_decoder_deinit(struct iq_decoder *d)
{
	cs_free(d->insn, 1);
	cs_close(&d->handle);
}

bool iq_decoder_next(struct iq_decoder *d, iq_vaddr addr, const void *code, size_t len)
{
	const uint8_t *p = code;

	return cs_disasm_iter(d->handle, &p, &len, &addr, d->insn);
}
