/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inquest/util.h"

enum { MAX_PATTERN = 256, MAX_REPEATED = 256 };

bool iq_regex_is_modest(const char *pattern)
{
	const char *brace = strchr(pattern, '{');

	if (strlen(pattern) > MAX_PATTERN || (brace && strchr(brace + 1, '{')))
		return false;
	for (const char *p = brace; p && *p; p++)
		if (strspn(p, "0123456789") > 3 || strtoul(p + 1, NULL, 10) > MAX_REPEATED)
			return false;
	return true;
}
