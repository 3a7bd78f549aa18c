/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Searching all memory of the kernel
 *
 * RAM is read by physical address, in the order in which the source holds it. The kernel's own
 * image and tasks' stacks have addresses of their own beside that of the direct map: the image is
 * four pieces, of the stacks the pages are looked up before.
 */
#include "inquest/ram.h"

#include "kernel/session.h"

enum { PIECE = 256 << 10, PAGE = 4096, MAX_STACK_PAGES = 16, NUM_PARTS = 4 };

struct search {
	struct iq_session *s;
	const struct iq_ram_search *what;
	uint64_t page_offset;
	struct iq_map stacks; /* physical page -> virtual page on a task's stack */
	struct iq_ram_searched done;
	struct part {
		iq_paddr start, end;
		iq_vaddr at;
	} parts[NUM_PARTS]; /* of the kernel's image */
};

static void find_stacks(struct search *x)
{
	const struct iq_task_list *list = iq_tasks(x->s);
	uint64_t num = IQ_MIN(x->s->stack_size / PAGE, (uint64_t)MAX_STACK_PAGES);
	iq_paddr pa;

	for (size_t i = 0; list && i < list->num_tasks; i++) {
		for (uint64_t k = 0; list->tasks[i].stack && k < num; k++) {
			iq_vaddr va = list->tasks[i].stack + k * PAGE;
			struct iq_error *err = iq_mem_vtop(x->s->mem, va, &pa);

			if (!err)
				iq_map_set(&x->stacks, pa / PAGE, va);
			iq_error_free(err);
		}
	}
}

/*
 * The parts of the image that are still its own: what was for booting has been given away. Each
 * counts if it is one piece of memory.
 */
static void find_image(struct search *x)
{
	static const char *const parts[NUM_PARTS][2] = { { "_stext", "_etext" },
							 { "__start_rodata", "__end_rodata" },
							 { "_sdata", "_edata" },
							 { "__bss_start", "__bss_stop" } };

	for (size_t i = 0; i < NUM_PARTS; i++) {
		iq_vaddr start = iq_sym_addr(x->s, parts[i][0]);
		iq_vaddr end = iq_sym_addr(x->s, parts[i][1]);
		iq_paddr pa, last;
		struct iq_error *err;

		if (!start || end <= start || end - start > UINT64_C(1) << 30)
			continue;
		err = iq_mem_vtop(x->s->mem, start, &pa);
		if (!err)
			err = iq_mem_vtop(x->s->mem, end - 1, &last);
		if (!err && last - pa == end - 1 - start)
			x->parts[i] = (struct part){ pa, last + 1, start };
		iq_error_free(err);
	}
}

static iq_vaddr address_of(const struct search *x, iq_paddr pa)
{
	const uint64_t *stack;

	for (size_t i = 0; i < NUM_PARTS; i++)
		if (pa >= x->parts[i].start && pa < x->parts[i].end)
			return pa - x->parts[i].start + x->parts[i].at;
	stack = iq_map_get(&x->stacks, pa / PAGE);
	if (stack)
		return *stack + pa % PAGE;
	return x->s->target->flat ? pa : pa + x->page_offset;
}

/* True: the search is over. */
static bool search_piece(struct search *x, iq_paddr pa, const void *piece, size_t len)
{
	const struct iq_ram_search *w = x->what;
	uint64_t low = w->min & w->mask, high = w->max & w->mask;

	for (size_t at = 0; at + w->size <= len; at += w->size) {
		uint64_t word = 0;
		iq_vaddr va;

		memcpy(&word, (const char *)piece + at, w->size);
		if ((word & w->mask) < low || (word & w->mask) > high)
			continue;
		va = address_of(x, pa + at);
		if (va < w->from || (w->to && va > w->to))
			continue;
		if (w->hit(w->ctx, va, word))
			return true;
	}
	x->done.num_bytes += len;
	return false;
}

/* What cannot be read in one go is read page by page. */
static bool search_range(struct search *x, iq_paddr start, iq_paddr end, char *buf)
{
	for (iq_paddr pa = start, next; pa < end; pa = next) {
		struct iq_error *err;

		next = IQ_MIN((pa | (PIECE - 1)) + 1, end);
		if (x->what->stop && x->what->stop(x->what->ctx))
			return true;
		err = iq_mem_read_phys(x->s->mem, pa, buf, next - pa);
		if (!err) {
			if (search_piece(x, pa, buf, next - pa))
				return true;
			continue;
		}
		iq_error_free(err);
		for (iq_paddr page = pa, after; page < next; page = after) {
			after = IQ_MIN((page | (PAGE - 1)) + 1, next);
			err = iq_mem_read_phys(x->s->mem, page, buf, after - page);
			if (err)
				x->done.num_unreadable += after - page;
			else if (search_piece(x, page, buf, after - page))
				return true;
			iq_error_free(err);
		}
	}
	return false;
}

struct iq_error *iq_ram_search(struct iq_session *s, const struct iq_ram_search *search,
			       struct iq_ram_searched *searched_ret)
{
	struct search x = { .s = s, .what = search };
	iq_vaddr base = iq_sym_addr(s, "page_offset_base");
	const struct iq_target *t = s->target;
	_cleanup_free_ char *buf = iq_xmalloc(PIECE);

	if (search->size != 4 && search->size != 8)
		return iq_error_new(IQ_ERR_INVALID, "words of %u bytes cannot be searched for",
				    search->size);
	if (!t->num_ranges)
		return iq_error_new(IQ_ERR_UNSUPPORTED,
				    "this source does not say what memory there is");
	if (!t->flat && (!base || !iq_peek_u64(s, base, &x.page_offset)))
		x.page_offset = iq_mem_layout(s->mem)->page_offset;
	if (!t->flat && !x.page_offset)
		return iq_error_new(IQ_ERR_UNSUPPORTED,
				    "where this kernel's direct map of memory begins is not known");
	find_stacks(&x);
	find_image(&x);
	for (size_t i = 0; i < t->num_ranges && !x.done.stopped; i++)
		x.done.stopped = search_range(&x, t->ranges[i].start, t->ranges[i].end, buf);
	iq_map_deinit(&x.stacks);
	*searched_ret = x.done;
	return NULL;
}
