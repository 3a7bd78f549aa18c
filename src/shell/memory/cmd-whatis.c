/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ::whatis: what an address is
 *
 * Everybody who may know is asked, from the most exact answer to the least: rooms, symbols,
 * objects of the slab allocator, per-CPU areas, areas of vmalloc(), user memory of the context, and
 * in the end the page.
 */
#include "shell/memory/commands.h"
#include "shell/memory/regions.h"
#include "shell/run/context.h"
#include "shell/run/inside.h"

struct answer {
	struct iq_cmd *cmd;
	iq_vaddr addr;
	bool verbose;
	struct iq_strbuf *text; /* lines */
};

__attribute__((format(printf, 2, 3))) static bool say(struct answer *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	iq_strbuf_vprintf(a->text, fmt, ap);
	va_end(ap);
	iq_strbuf_addc(a->text, '\n');
	return true;
}

/* "ffff...+0x10, " where it is not the beginning. */
static const char *within(struct answer *a, iq_vaddr start)
{
	if (a->addr == start)
		return "";
	return iq_arena_printf(a->cmd->arena, "%" PRIx64 "+%#" PRIx64 ", ", start, a->addr - start);
}

static bool in_symbol(struct answer *a)
{
	struct iq_session *s = a->cmd->s;
	struct iq_error *err;
	struct iq_sym sym;
	bool text;

	err = iq_sym_by_addr(s, a->addr, &sym);
	if (err) {
		iq_error_free(err);
		return false;
	}
	text = iq_is_text(s, a->addr);
	return say(a, "%s, %s %s%s", iq_sym_format(s, a->addr), text ? "text of" : "data of",
		   sym.module ? "module " : "the kernel", sym.module ? sym.module : "");
}

static bool in_percpu(struct answer *a)
{
	struct iq_session *s = a->cmd->s;
	iq_vaddr start = iq_sym_addr(s, "__per_cpu_start"), end = iq_sym_addr(s, "__per_cpu_end");

	if (iq_is_percpu(s, a->addr))
		return say(a, "a per-CPU variable (%s): ADDR::walk percpu gives each CPU's copy",
			   iq_percpu_symbol(a->cmd, a->addr));
	for (unsigned cpu = 0; end > start && cpu < iq_num_cpus(s); cpu++) {
		iq_vaddr base = iq_per_cpu(s, start, cpu);

		if (iq_cpu_online(s, cpu) && a->addr >= base && a->addr - base < end - start)
			return say(a, "%s, per-CPU variable of CPU %u",
				   iq_percpu_symbol(a->cmd, start + (a->addr - base)), cpu);
	}
	return false;
}

static bool in_slab(struct answer *a)
{
	struct iq_error *err;
	const char *cache;
	iq_vaddr object;

	err = iq_slab_of(a->cmd->s, a->addr, &cache, &object);
	if (err) {
		iq_error_free(err);
		return false;
	}
	return say(a, "%sin slab cache %s", within(a, object), cache);
}

static bool in_vmalloc(struct answer *a)
{
	struct iq_vmalloc area;

	if (!iq_vmalloc_find(a->cmd->s, a->addr, &area))
		return false;
	say(a, "%svmalloc area of %#" PRIx64 " bytes%s%s", within(a, area.start),
	    area.end - area.start, area.caller ? ", for " : "",
	    area.caller ? iq_sym_format(a->cmd->s, area.caller) : "");
	if (a->verbose)
		say(a, "    flags %#" PRIx64, area.flags);
	return true;
}

static bool is_page_struct(struct answer *a)
{
	struct iq_page_info page;

	if (!iq_page_by_struct(a->cmd->s, a->addr, &page))
		return false;
	return say(a, "%sstruct page of physical %" PRIx64 "%s", within(a, page.page),
		   page.pfn * 4096, page.free ? ", which is free" : "");
}

static bool in_page(struct answer *a)
{
	struct iq_page_info page;
	uint64_t pfn;

	if (!iq_direct_map_pfn(a->cmd->s, a->addr, &pfn))
		return false;
	if (!iq_page_of_pfn(a->cmd->s, pfn, &page))
		return say(a, "physical %" PRIx64, pfn * 4096 + a->addr % 4096);
	if (page.free)
		return say(a, "physical %" PRIx64 ", in a free page (struct page %" PRIx64 ")",
			   pfn * 4096 + a->addr % 4096, page.page);
	return say(a,
		   "physical %" PRIx64 ", in a page with %d references (struct page %" PRIx64
		   ", flags %" PRIx64 ")",
		   pfn * 4096 + a->addr % 4096, page.refcount, page.page, page.flags);
}

static bool in_user(struct answer *a)
{
	struct iq_uspace *us = iq_context_space(a->cmd->sh);
	const struct iq_task *task = iq_context_task(a->cmd->sh);
	const struct iq_vma *vma = us ? iq_uspace_find(us, a->addr) : NULL;
	const char *name;

	if (!vma || a->addr >> 63)
		return false;
	name = iq_uspace_vma_name(us, vma);
	return say(a, "%suser memory of %d (%s)%s%s, mapped %c%c%c", within(a, vma->start),
		   task ? task->tgid : 0, task ? task->comm : "", *name ? ": " : "", name,
		   vma->flags & IQ_VM_READ ? 'r' : '-', vma->flags & IQ_VM_WRITE ? 'w' : '-',
		   vma->flags & IQ_VM_EXEC ? 'x' : '-');
}

static bool in_region(struct answer *a)
{
	struct iq_regions regions;
	bool found = false;

	iq_regions_find(a->cmd->s, a->cmd->arena, &regions);
	iq_vec_foreach(&regions.list, r)
		if (a->addr >= r->start && a->addr < r->end)
			found = say(a, "%s%s", within(a, r->start), r->name);
	iq_regions_deinit(&regions);
	return found;
}

/* What the rooms say: their lines as they are. */
static bool ask_rooms(struct answer *a, bool all)
{
	const char *is = iq_arena_printf(a->cmd->arena, "%" PRIx64 " is ", a->addr);
	bool found = false;

	iq_vec_foreach(&a->cmd->sh->rooms->list, m) {
		for (const struct iq_whatis *w = (*m)->whatis; w && w->name; w++) {
			struct iq_strbuf text = IQ_STRBUF_INIT;

			if (w->identify(a->cmd->s, a->addr, a->verbose, &text)) {
				const char *str = iq_strbuf_str(&text);

				/* Some say whole sentences. */
				if (!strncmp(str, is, strlen(is)))
					str += strlen(is);
				iq_strbuf_adds(a->text, str);
				if (text.len && text.str[text.len - 1] != '\n')
					iq_strbuf_addc(a->text, '\n');
				found = true;
			}
			iq_strbuf_deinit(&text);
			if (found && !all)
				return true;
		}
	}
	return found;
}

static struct iq_error *cmd_whatis(struct iq_cmd *cmd)
{
	static bool (*const exact[])(struct answer * a) = { in_user, in_percpu,	     in_symbol,
							    in_slab, is_page_struct, in_vmalloc };
	static bool (*const rough[])(struct answer * a) = { in_page, in_region };
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf text = IQ_STRBUF_INIT;
	struct answer a = { cmd, cmd->addr, iq_cmd_has(cmd, 'v'), &text };
	bool all = iq_cmd_has(cmd, 'a') || a.verbose, found;
	const char *line, *end;

	found = ask_rooms(&a, all);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(exact) && (!found || all); i++)
		found |= exact[i](&a);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(rough) && (!found || all); i++)
		found |= rough[i](&a);
	if (!found) {
		iq_out_text(cmd->out, "%" PRIx64 " is unknown\n", cmd->addr);
		return NULL;
	}
	for (line = iq_strbuf_str(&text); *line; line = end + 1) {
		end = strchr(line, '\n');
		if (iq_cmd_has(cmd, 'q') || *line == ' ')
			iq_out_text(cmd->out, "%.*s\n", (int)(end - line), line);
		else
			iq_out_text(cmd->out, "%" PRIx64 " is %.*s\n", cmd->addr, (int)(end - line),
				    line);
	}
	return NULL;
}

static const struct iq_opt whatis_opts[] = {
	{ 'a', NULL, "all answers, not only the most exact one" },
	{ 'b', NULL, "as -a" },
	{ 'i', NULL, "as nothing: tags are not known here" },
	{ 'k', NULL, "the slab allocator first, as ever" },
	{ 'q', NULL, "without the address in front" },
	{ 'v', NULL, "more, and all answers" },
	{ 0 },
};

const struct iq_dcmd iq_whatis_dcmds[] = {
	{ "whatis", ":", "say what an address is",
	  "A symbol, an object of a slab cache, a task's stack, a per-CPU variable, an area of "
	  "vmalloc(), a struct page, user memory of the process that is the context, a page: what "
	  "the kernel and its rooms know of it.",
	  whatis_opts, cmd_whatis, 0, IQ_COMPLETE_NONE },
	{ 0 },
};
