/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * VMCOREINFO
 *
 * A page of text, "KEY=value" lines, that the kernel leaves for readers of its
 * memory (kernel/vmcore_info.c, kernel/crash_core.c before v6.9). SYMBOL(x) and
 * KERNELOFFSET are hexadecimal without 0x; NUMBER(x) is signed decimal for most
 * and 0x for some; the others are decimal. A dump without it as a note still has
 * it in memory, at the start of a page.
 */
#include <ctype.h>

#include "target/internal.h"

enum { MAX_NUMBER = 32, MAX_TEXT = IQ_PAGE_SIZE };

static const char *find_key(const char *text, size_t len, const char *key, size_t *len_ret)
{
	size_t key_len = strlen(key);
	const char *end = text + len;

	for (const char *line = text; line < end;) {
		const char *eol = memchr(line, '\n', (size_t)(end - line));
		size_t line_len = (size_t)((eol ? eol : end) - line);

		if (line_len > key_len && line[key_len] == '=' && !memcmp(line, key, key_len)) {
			*len_ret = line_len - key_len - 1;
			return line + key_len + 1;
		}
		line += line_len + 1;
	}
	return NULL;
}

struct iq_error *iq_target_vmcoreinfo(const struct iq_target *t, const char *key,
				      const char **text_ret, size_t *len_ret)
{
	const char *text = t->vmcoreinfo;

	if (text)
		text = find_key(text, t->vmcoreinfo_len, key, len_ret);
	if (!text)
		return iq_error_new(IQ_ERR_NOTFOUND, "VMCOREINFO has no %s", key);
	*text_ret = text;
	return NULL;
}

static bool is_hex_key(const char *key)
{
	return !strncmp(key, "SYMBOL(", 7) || !strcmp(key, "KERNELOFFSET") ||
	       !strncmp(key, "ADDRESS(", 8);
}

struct iq_error *iq_target_vmcoreinfo_u64(const struct iq_target *t, const char *key,
					  uint64_t *value_ret)
{
	char number[MAX_NUMBER + 1];
	struct iq_error *err;
	const char *text;
	uint64_t value;
	size_t len;
	char *end;

	err = iq_target_vmcoreinfo(t, key, &text, &len);
	if (err)
		return err;
	len = IQ_MIN(len, (size_t)MAX_NUMBER);
	memcpy(number, text, len);
	number[len] = '\0';
	/* strtoull() takes a minus sign, and negates as unsigned: what we want. */
	if (is_hex_key(key))
		value = strtoull(number, &end, 16);
	else
		value = strtoull(number, &end, !strncmp(number, "0x", 2) ? 16 : 10);
	if (end == number || (*end && !isspace((unsigned char)*end)))
		return iq_error_new(IQ_ERR_CORRUPT, "VMCOREINFO: %s is not a number", key);
	*value_ret = value;
	return NULL;
}

struct iq_error *iq_vmcoreinfo_root(const struct iq_target *t, iq_paddr *root_ret,
				    unsigned *levels_ret, uint64_t *phys_base_ret)
{
	uint64_t pgd, phys_base, l5 = 0;
	struct iq_error *err;

	err = iq_target_vmcoreinfo_u64(t, "SYMBOL(swapper_pg_dir)", &pgd);
	if (iq_error_catch(&err, IQ_ERR_NOTFOUND))
		err = iq_target_vmcoreinfo_u64(t, "SYMBOL(init_top_pgt)", &pgd);
	if (err)
		return err;
	err = iq_target_vmcoreinfo_u64(t, "NUMBER(phys_base)", &phys_base);
	if (err)
		return err;
	err = iq_target_vmcoreinfo_u64(t, "NUMBER(pgtable_l5_enabled)", &l5);
	if (err)
		iq_error_free(err); /* a kernel without 5 levels */
	if (pgd < t->arch->image_base || pgd >= t->arch->image_end || pgd & (IQ_PAGE_SIZE - 1))
		return iq_error_new(IQ_ERR_CORRUPT,
				    "VMCOREINFO: swapper_pg_dir=%" PRIx64 " is not in the image",
				    pgd);
	if (root_ret)
		*root_ret = pgd - t->arch->image_base + phys_base;
	if (levels_ret)
		*levels_ret = l5 ? 5 : 4;
	if (phys_base_ret)
		*phys_base_ret = phys_base;
	return NULL;
}

bool iq_vmcoreinfo_plausible(const char *text, size_t len)
{
	size_t value_len;

	len = strnlen(text, len);
	for (size_t i = 0; i < len; i++)
		if (text[i] != '\n' && !isprint((unsigned char)text[i]))
			return false;
	return len > 10 && !memcmp(text, "OSRELEASE=", 10) &&
	       find_key(text, len, "KERNELOFFSET", &value_len) &&
	       find_key(text, len, "SYMBOL(_stext)", &value_len);
}

/* Do the page tables that this text names map _stext where it says? */
static bool maps_itself(struct iq_target *t)
{
	uint64_t phys_base, stext, run;
	struct iq_error *err;
	unsigned levels;
	iq_paddr root, pa;

	err = iq_vmcoreinfo_root(t, &root, &levels, &phys_base);
	if (!err)
		err = iq_target_vmcoreinfo_u64(t, "SYMBOL(_stext)", &stext);
	if (!err)
		err = t->arch->walk(root, levels, stext, iq_target_read_u64, t, &pa, &run);
	if (err) {
		iq_error_free(err);
		return false;
	}
	return pa == stext - t->arch->image_base + phys_base;
}

/* Physical memory is looked at in pieces that the target can map at once. */
enum { PIECE = 4 << 20 };

static bool scan_piece(struct iq_target *t, const char *p, size_t len, char **first)
{
	static const char begin[] = "OSRELEASE=";

	for (size_t pos = 0; pos + IQ_PAGE_SIZE <= len; pos += IQ_PAGE_SIZE) {
		size_t text_len = IQ_MIN(len - pos, (size_t)MAX_TEXT);

		if (memcmp(p + pos, begin, sizeof(begin) - 1) ||
		    !iq_vmcoreinfo_plausible(p + pos, text_len))
			continue;
		iq_target_set_vmcoreinfo(t, p + pos, text_len);
		if (maps_itself(t))
			return true;
		if (*first)
			free(take_ptr(t->vmcoreinfo));
		else
			*first = take_ptr(t->vmcoreinfo);
		t->vmcoreinfo_len = 0;
	}
	return false;
}

void iq_vmcoreinfo_scan(struct iq_target *t)
{
	_cleanup_free_ char *first = NULL;
	char page[IQ_PAGE_SIZE];

	for (size_t i = 0; i < t->num_ranges; i++) {
		iq_paddr pa = (t->ranges[i].start + IQ_PAGE_SIZE - 1) & -(iq_paddr)IQ_PAGE_SIZE;

		/* Rounding up can wrap. */
		while (pa >= t->ranges[i].start && pa < t->ranges[i].end) {
			size_t len = IQ_MIN(t->ranges[i].end - pa, (uint64_t)PIECE);
			const void *p;
			struct iq_error *err = t->ops->map_phys(t, pa, len, &p);

			if (err && len > IQ_PAGE_SIZE) {
				/* Across the seam of two segments: page by page. */
				iq_error_free(err);
				len = IQ_PAGE_SIZE;
				err = t->ops->map_phys(t, pa, len, &p);
			}
			if (iq_error_catch(&err, IQ_ERR_UNSUPPORTED)) {
				err = t->ops->read_phys(t, pa, page, len);
				p = page;
			}
			if (err)
				iq_error_free(err);
			else if (scan_piece(t, p, len, &first))
				return;
			pa += len;
		}
	}
	if (first)
		iq_target_set_vmcoreinfo(t, first, strlen(first));
}
