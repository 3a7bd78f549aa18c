/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lists of symbols: an array sorted by address, and a hash index of names
 */
#include "sym/list.h"

void symlist_add(struct symlist *l, iq_vaddr addr, char kind, const char *name)
{
	iq_vec_push(&l->syms, (struct symlist_entry){
				      .addr = addr,
				      .name = name,
				      .order = (uint32_t)l->syms.num,
				      .kind = kind,
			      });
}

static int compare(const void *a, const void *b)
{
	const struct symlist_entry *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static uint32_t first_slot(const struct symlist *l, const char *name)
{
	return (uint32_t)iq_hash_bytes(name, strlen(name)) & l->mask;
}

void symlist_finish(struct symlist *l)
{
	if (l->syms.num)
		qsort(l->syms.data, l->syms.num, sizeof(l->syms.data[0]), compare);
	l->mask = 15;
	while (l->mask < l->syms.num + l->syms.num / 2)
		l->mask = l->mask * 2 + 1;
	l->index = iq_xcalloc((size_t)l->mask + 1, sizeof(uint32_t));
	for (size_t i = 0; i < l->syms.num; i++) {
		uint32_t slot = first_slot(l, l->syms.data[i].name);

		while (l->index[slot])
			slot = (slot + 1) & l->mask;
		l->index[slot] = (uint32_t)i + 1;
	}
}

void symlist_deinit(struct symlist *l)
{
	iq_vec_free(&l->syms);
	free(l->index);
	l->index = NULL;
}

/* include/linux/module_symbol.h: is_mapping_symbol() */
static bool is_mark(const char *name)
{
	return name[0] == '$' || (name[0] == '.' && name[1] == 'L') ||
	       (name[0] == 'L' && name[1] == '0');
}

bool symlist_by_addr(const struct symlist *l, iq_vaddr addr, size_t *i_ret)
{
	size_t low = 0, high = l->syms.num;
	bool found = false;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (l->syms.data[mid].addr <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	while (low--) {
		if (found && l->syms.data[low].addr != l->syms.data[*i_ret].addr)
			break;
		if (is_mark(l->syms.data[low].name))
			continue;
		*i_ret = low;
		found = true;
	}
	return found;
}

bool symlist_by_name(const struct symlist *l, const char *name, size_t *i_ret)
{
	if (!l->index)
		return false;
	for (uint32_t slot = first_slot(l, name); l->index[slot]; slot = (slot + 1) & l->mask) {
		if (!strcmp(l->syms.data[l->index[slot] - 1].name, name)) {
			*i_ret = l->index[slot] - 1;
			return true;
		}
	}
	return false;
}

uint64_t symlist_size(const struct symlist *l, size_t i, iq_vaddr end)
{
	iq_vaddr addr = l->syms.data[i].addr;

	for (size_t j = i + 1; j < l->syms.num; j++)
		if (l->syms.data[j].addr != addr)
			return (l->syms.data[j].addr < end || !end ? l->syms.data[j].addr : end) -
			       addr;
	return end > addr ? end - addr : 0;
}
