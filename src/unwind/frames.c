/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Asking a stack: functions by name
 */
#include <ctype.h>

#include "inquest/stack.h"
#include "inquest/util.h"

/*
 * Does what follows a function's name come from the compiler? Suffixes can be several:
 * ".constprop.0.isra.0".
 */
static bool is_suffix(const char *rest)
{
	static const char *const suffixes[] = { ".constprop", ".isra", ".part", ".cold", ".llvm" };

	while (*rest) {
		size_t len = 0;

		for (size_t i = 0; i < IQ_ARRAY_SIZE(suffixes) && !len; i++)
			if (!strncmp(rest, suffixes[i], strlen(suffixes[i])))
				len = strlen(suffixes[i]);
		if (!len || (rest[len] && rest[len] != '.'))
			return false;
		rest += len;
		/* ".0", ".4711" */
		if (rest[0] == '.' && isdigit((unsigned char)rest[1])) {
			rest++;
			while (isdigit((unsigned char)*rest))
				rest++;
		}
	}
	return true;
}

bool iq_frame_is(const struct iq_frame *frame, const char *name)
{
	const char *sym = frame->sym.name;
	size_t len;

	/* Asked of every frame of every task for dozens of names: most differ at once. */
	if (!sym || (sym[0] != name[0] && sym[0] != '_'))
		return false;
	len = strlen(name);
	if (!strncmp(sym, name, len) && is_suffix(sym + len))
		return true;
	/* Padding in front of a function has a symbol of its own (CONFIG_PREFIX_SYMBOLS). */
	return !strncmp(sym, "__pfx_", 6) && !strncmp(sym + 6, name, len) &&
	       is_suffix(sym + 6 + len);
}

int iq_stack_find(const struct iq_stack *stack, size_t from, const char *const *names)
{
	for (size_t i = from; i < stack->num_frames; i++)
		for (const char *const *name = names; *name; name++)
			if (iq_frame_is(&stack->frames[i], *name))
				return (int)i;
	return -1;
}

const char *iq_frame_by_name(enum iq_frame_by by)
{
	static const char *const names[] = {
		[IQ_FRAME_SWITCH] = "switch", [IQ_FRAME_REGS] = "regs", [IQ_FRAME_ORC] = "orc",
		[IQ_FRAME_FP] = "fp",	      [IQ_FRAME_SCAN] = "scan",
	};

	return (size_t)by < IQ_ARRAY_SIZE(names) ? names[by] : "?";
}
