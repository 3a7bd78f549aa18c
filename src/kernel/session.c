/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sessions: memory, symbols, types and the unwinder of one kernel, opened in
 * the order in which they need each other, and the small questions that all
 * else is made of.
 *
 * Answers that do not change while a kernel runs (where a symbol is, where a
 * member is) are remembered for the session's life, misses too.
 */
#include "kernel/session.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/modules.h"

/* ---- opening ---- */

static struct iq_error *types_from_sysfs(struct iq_session *s)
{
	static const char path[] = "/sys/kernel/btf/vmlinux";
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct iq_error *err;
	ssize_t len;

	if (fd < 0)
		return iq_error_new(IQ_ERR_NOTFOUND, "%s is not there", path);
	if (fstat(fd, &st) < 0 || st.st_size <= 0 || st.st_size > 256 << 20) {
		close(fd);
		return iq_error_new(IQ_ERR_CORRUPT, "%s has an implausible size", path);
	}
	s->btf_len = (size_t)st.st_size;
	s->btf_file =
		mmap(NULL, s->btf_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s->btf_file == MAP_FAILED) {
		s->btf_file = NULL;
		close(fd);
		return &iq_nomem;
	}
	for (size_t done = 0; done < s->btf_len; done += (size_t)len) {
		len = read(fd, (char *)s->btf_file + done, s->btf_len - done);
		if (len <= 0) {
			close(fd);
			return iq_error_new(IQ_ERR_OS, "%s ended early", path);
		}
	}
	close(fd);
	err = iq_types_add(s->types, NULL, s->btf_file, s->btf_len);
	return iq_error_prefix(err, "%s", path);
}

static struct iq_error *types_from_memory(struct iq_session *s)
{
	struct iq_sym start, stop;
	struct iq_error *err;
	const void *data;

	err = iq_symtab_by_name(s->tab, "__start_BTF", &start);
	if (!err)
		err = iq_symtab_by_name(s->tab, "__stop_BTF", &stop);
	if (iq_error_catch(&err, IQ_ERR_NOTFOUND))
		return iq_error_new(IQ_ERR_NOTFOUND,
				    "this kernel carries no BTF (CONFIG_DEBUG_INFO_BTF), from "
				    "which inquest learns its types");
	if (err)
		return err;
	if (stop.addr <= start.addr || stop.addr - start.addr > 256 << 20)
		return iq_error_new(IQ_ERR_CORRUPT, "the kernel's BTF has an implausible size");
	err = iq_mem_view(s->mem, start.addr, stop.addr - start.addr, &data);
	if (err)
		return iq_error_prefix(err, "the kernel's BTF");
	return iq_types_add(s->types, NULL, data, stop.addr - start.addr);
}

static struct iq_error *open_types(struct iq_session *s)
{
	struct iq_error *err = iq_types_new(&s->types);

	if (err)
		return err;
	if (s->target->live && !strcmp(s->target->ops->kind, "kcore")) {
		err = types_from_sysfs(s);
		if (!err)
			return NULL;
		iq_error_free(err);
		iq_types_free(s->types);
		s->types = NULL;
		err = iq_types_new(&s->types);
		if (err)
			return err;
	}
	return types_from_memory(s);
}

static void module_orc(void *ctx, const struct iq_module_orc *m)
{
	struct iq_session *s = ctx;
	struct iq_error *err = iq_unwinder_add_module(s->unwinder, m->name, m->text, m->text_len,
						      m->orc_ip, m->orc, m->num);

	iq_error_free(err); /* its frames will be found by frame pointer or scan */
}

static void read_cpus(struct iq_session *s)
{
	iq_vaddr offsets = iq_sym_addr(s, "__per_cpu_offset");
	iq_vaddr possible = iq_sym_addr(s, "__cpu_possible_mask");
	iq_vaddr online = iq_sym_addr(s, "__cpu_online_mask");
	uint32_t num = 0;
	uint64_t mask[IQ_MAX_CPUS / 64] = { 0 };

	if (!iq_peek_u32(s, iq_sym_addr(s, "nr_cpu_ids"), &num) || !num || num > IQ_MAX_CPUS) {
		num = 0;
		/* A kernel with a compile-time constant: count the possible ones. */
		if (possible && iq_peek(s, possible, mask, sizeof(uint64_t)))
			while (num < 64 && mask[0] >> num)
				num++;
		if (!num)
			num = 1;
	}
	s->num_cpus = num;
	s->cpu_offsets = iq_arena_alloc(s->arena, num * sizeof(uint64_t));
	s->cpu_online = iq_arena_alloc(s->arena, num);
	if (!offsets || !iq_peek(s, offsets, s->cpu_offsets, num * sizeof(uint64_t)))
		memset(s->cpu_offsets, 0, num * sizeof(uint64_t));
	if (online && iq_peek(s, online, mask, (num + 63) / 64 * 8))
		for (unsigned cpu = 0; cpu < num; cpu++)
			s->cpu_online[cpu] = mask[cpu / 64] >> (cpu % 64) & 1;
	else
		memset(s->cpu_online, 1, num);
}

static void read_stack_size(struct iq_session *s)
{
	static const char *const names[][2] = { { "__start_init_stack", "__end_init_stack" },
						{ "__start_init_task", "__end_init_task" } };

	s->stack_size = 16384;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(names); i++) {
		iq_vaddr start = iq_sym_addr(s, names[i][0]), end = iq_sym_addr(s, names[i][1]);
		uint64_t size = end - start;

		if (start && end > start && size >= 8192 && size <= 131072 &&
		    !(size & (size - 1))) {
			s->stack_size = size;
			return;
		}
	}
}

struct iq_error *iq_session_over(struct iq_target *target, const struct iq_module *const *rooms,
				 struct iq_session **session_ret)
{
	struct iq_session *s = iq_xcalloc(1, sizeof(*s));
	struct iq_error *err;

	s->target = target;
	iq_rooms_init(&s->rooms, rooms);
	s->arena = iq_arena_new();
	s->scratch = iq_arena_new();
	err = iq_mem_new(target, &s->mem);
	if (!err)
		err = iq_error_prefix(iq_symtab_new(s->mem, &s->tab), "symbols");
	if (!err)
		err = iq_error_prefix(open_types(s), "types");
	if (!err)
		err = iq_error_prefix(iq_unwinder_new(s->mem, s->tab, s->types, &s->unwinder),
				      "unwinder");
	if (err) {
		if (target->missing)
			err = iq_error_prefix(err, "%s", target->missing);
		iq_session_close(s);
		return err;
	}
	/* Modules that cannot be read leave their addresses unnamed; that is no reason to stop. */
	err = iq_modules_load(s->mem, s->tab, s->types, module_orc, s);
	iq_error_free(err);
	read_cpus(s);
	read_stack_size(s);
	*session_ret = s;
	return NULL;
}

struct iq_error *iq_session_open(const struct iq_session_options *options,
				 struct iq_session **session_ret)
{
	struct iq_target *target;
	struct iq_error *err;

	if (options->dump)
		err = iq_target_open_dump(options->dump, &target);
	else
		err = iq_target_open_kcore(options->kcore ? options->kcore : "/proc/kcore",
					   &target);
	if (err)
		return err;
	err = iq_session_over(target, options->rooms, session_ret);
	return iq_error_prefix(err, "%s", options->dump ? options->dump : "the running kernel");
}

void iq_session_close(struct iq_session *s)
{
	if (!s)
		return;
	iq_caches_deinit(s);
	iq_rooms_deinit(&s->rooms);
	for (size_t i = 0; i < s->plans.cap; i++)
		if (s->plans.slots[i].used)
			iq_shadow_plan_free(
				(struct iq_shadow_plan *)(uintptr_t)s->plans.slots[i].value);
	iq_map_deinit(&s->plans);
	iq_strmap_deinit(&s->sym_addrs);
	iq_unwinder_free(s->unwinder);
	iq_types_free(s->types);
	iq_symtab_free(s->tab);
	iq_mem_free(s->mem);
	iq_target_close(s->target);
	if (s->btf_file)
		munmap(s->btf_file, s->btf_len);
	iq_arena_free(s->scratch);
	iq_arena_free(s->arena);
	free(s);
}

bool iq_session_expired(const struct iq_session *s, uint64_t deadline_ns)
{
	uint64_t now;

	if (s->interrupted && *s->interrupted)
		return true;
	if (!s->deadline_ns && !deadline_ns)
		return false;
	now = iq_clock_monotonic();
	return (s->deadline_ns && now > s->deadline_ns) || (deadline_ns && now > deadline_ns);
}

void iq_session_forget(struct iq_session *s)
{
	iq_caches_drop_snapshot(s);
	iq_arena_free(s->scratch);
	s->scratch = iq_arena_new();
	if (s->target->live)
		iq_mem_forget(s->mem);
}

struct iq_arena *iq_scratch(struct iq_session *s)
{
	return s->scratch;
}

bool iq_is_live(struct iq_session *s)
{
	return s->target->live;
}

/* init_uts_ns.name (struct new_utsname): include/linux/utsname.h */
static const char *uts_field(struct iq_session *s, const char *path, const char *vmcoreinfo_key)
{
	iq_vaddr uts = iq_sym_addr(s, "init_uts_ns");
	int64_t off = iq_offsetof(s, "struct uts_namespace", path);
	char text[66];
	struct iq_error *err;
	const char *info;
	size_t len;

	if (uts && off >= 0) {
		err = iq_read_str(s, uts + (uint64_t)off, text, sizeof(text));
		if (!err)
			return iq_arena_strdup(s->arena, text);
		iq_error_free(err);
	}
	if (vmcoreinfo_key) {
		err = iq_target_vmcoreinfo(s->target, vmcoreinfo_key, &info, &len);
		if (!err)
			return iq_arena_printf(s->arena, "%.*s", (int)len, info);
		iq_error_free(err);
	}
	return "";
}

const char *iq_session_release(struct iq_session *s)
{
	return uts_field(s, "name.release", "OSRELEASE");
}

const char *iq_session_nodename(struct iq_session *s)
{
	return uts_field(s, "name.nodename", NULL);
}

/* ---- memory ---- */

struct iq_error *iq_read(struct iq_session *s, iq_vaddr addr, void *buf, size_t len)
{
	return iq_mem_read(s->mem, addr, buf, len);
}

bool iq_peek(struct iq_session *s, iq_vaddr addr, void *buf, size_t len)
{
	return addr && iq_mem_peek(s->mem, addr, buf, len);
}

bool iq_peek_u64(struct iq_session *s, iq_vaddr addr, uint64_t *value_ret)
{
	return iq_peek(s, addr, value_ret, sizeof(*value_ret));
}

bool iq_peek_u32(struct iq_session *s, iq_vaddr addr, uint32_t *value_ret)
{
	return iq_peek(s, addr, value_ret, sizeof(*value_ret));
}

struct iq_error *iq_read_phys(struct iq_session *s, iq_paddr pa, void *buf, size_t len)
{
	return iq_mem_read_phys(s->mem, pa, buf, len);
}

struct iq_error *iq_vtop(struct iq_session *s, iq_vaddr mm, iq_vaddr addr, iq_paddr *pa_ret)
{
	struct iq_error *err;
	uint64_t pgd;

	if (!mm)
		return iq_mem_vtop(s->mem, addr, pa_ret);
	err = iq_read_member(s, "struct mm_struct", "pgd", mm, &pgd);
	if (err)
		return err;
	return iq_mem_vtop_user(s->mem, pgd, addr, pa_ret);
}

struct iq_error *iq_read_u64(struct iq_session *s, iq_vaddr addr, uint64_t *value_ret)
{
	return iq_mem_read(s->mem, addr, value_ret, sizeof(*value_ret));
}

struct iq_error *iq_read_u32(struct iq_session *s, iq_vaddr addr, uint32_t *value_ret)
{
	return iq_mem_read(s->mem, addr, value_ret, sizeof(*value_ret));
}

struct iq_error *iq_read_str(struct iq_session *s, iq_vaddr addr, char *buf, size_t size)
{
	size_t done = 0, chunk;
	struct iq_error *err;
	char *nul;

	while (done < size - 1) {
		/* Never across a page that may not be there. */
		chunk = IQ_MIN(size - 1 - done, 4096 - (addr + done) % 4096);
		chunk = IQ_MIN(chunk, (size_t)64);
		err = iq_mem_read(s->mem, addr + done, buf + done, chunk);
		if (err && !done)
			return err;
		if (err) {
			iq_error_free(err);
			break;
		}
		nul = memchr(buf + done, 0, chunk);
		if (nul)
			return NULL;
		done += chunk;
	}
	buf[done] = '\0';
	return NULL;
}

struct iq_error *iq_read_user(struct iq_session *s, iq_vaddr mm, iq_vaddr addr, void *buf,
			      size_t len)
{
	struct iq_error *err;
	uint64_t pgd;

	err = iq_read_member(s, "struct mm_struct", "pgd", mm, &pgd);
	if (err)
		return err;
	return iq_mem_read_user(s->mem, pgd, addr, buf, len);
}

uint64_t iq_stack_size(struct iq_session *s)
{
	return s->stack_size;
}

bool iq_is_kernel_ptr(struct iq_session *s, iq_vaddr addr)
{
	return !(addr & 7) && s->target->arch->is_kernel_addr(addr);
}

/* ---- CPUs ---- */

iq_vaddr iq_per_cpu(struct iq_session *s, iq_vaddr percpu, unsigned cpu)
{
	return cpu < s->num_cpus ? percpu + s->cpu_offsets[cpu] : 0;
}

unsigned iq_num_cpus(struct iq_session *s)
{
	return s->num_cpus;
}

bool iq_cpu_online(struct iq_session *s, unsigned cpu)
{
	return cpu < s->num_cpus && s->cpu_online[cpu];
}

unsigned iq_dump_cpu(struct iq_session *s)
{
	iq_vaddr panic_cpu = iq_sym_addr(s, "panic_cpu");
	uint32_t cpu;

	/* PANIC_CPU_INVALID is -1. */
	if (!panic_cpu || !iq_peek_u32(s, panic_cpu, &cpu) || cpu >= iq_num_cpus(s) ||
	    !iq_cpu_online(s, cpu))
		return 0;
	return cpu;
}

/* ---- symbols ---- */

struct iq_error *iq_sym_by_name(struct iq_session *s, const char *name, struct iq_sym *sym_ret)
{
	if (iq_private_by_name(s, name, sym_ret))
		return NULL;
	return iq_symtab_by_name(s->tab, name, sym_ret);
}

iq_vaddr iq_sym_addr(struct iq_session *s, const char *name)
{
	iq_vaddr *known = iq_strmap_get(&s->sym_addrs, name);
	struct iq_error *err;
	struct iq_sym sym;

	if (known)
		return *known;
	known = iq_arena_alloc(s->arena, sizeof(*known));
	err = iq_symtab_by_name(s->tab, name, &sym);
	if (!err)
		*known = sym.addr;
	iq_error_free(err);
	iq_strmap_set(&s->sym_addrs, name, known);
	return *known;
}

struct iq_error *iq_sym_by_addr(struct iq_session *s, iq_vaddr addr, struct iq_sym *sym_ret)
{
	if (iq_private_by_addr(s, addr, sym_ret))
		return NULL;
	return iq_symtab_by_addr(s->tab, addr, sym_ret);
}

void iq_sym_foreach(struct iq_session *s, iq_sym_fn fn, void *ctx)
{
	iq_symtab_foreach(s->tab, fn, ctx);
}

bool iq_sym_module_at(struct iq_session *s, size_t i, struct iq_sym_module *module_ret)
{
	const struct iq_symtab_module *m = iq_symtab_module_at(s->tab, i);

	if (!m)
		return false;
	*module_ret = (struct iq_sym_module){ .name = m->name };
	for (size_t r = 0; r < m->num_ranges; r++) {
		if (r >= IQ_ARRAY_SIZE(module_ret->ranges))
			break;
		module_ret->ranges[r].start = m->ranges[r].start;
		module_ret->ranges[r].len = m->ranges[r].len;
		module_ret->ranges[r].text = m->ranges[r].text;
		module_ret->num_ranges++;
	}
	return true;
}

bool iq_is_text(struct iq_session *s, iq_vaddr addr)
{
	return iq_symtab_is_text(s->tab, addr);
}

const char *iq_sym_format(struct iq_session *s, iq_vaddr addr)
{
	struct iq_error *err;
	struct iq_sym sym;

	err = iq_sym_by_addr(s, addr, &sym);
	if (err) {
		iq_error_free(err);
		return iq_arena_printf(s->scratch, "%#" PRIx64, addr);
	}
	if (addr == sym.addr)
		return iq_arena_printf(s->scratch, "%s%s%s", sym.module ? sym.module : "",
				       sym.module ? "`" : "", sym.name);
	return iq_arena_printf(s->scratch, "%s%s%s+%#" PRIx64, sym.module ? sym.module : "",
			       sym.module ? "`" : "", sym.name, addr - sym.addr);
}

/* ---- types ---- */

struct iq_error *iq_type_by_name(struct iq_session *s, const char *name, struct iq_type *type_ret)
{
	return iq_types_by_name(s->types, name, type_ret);
}

struct iq_error *iq_type_of_func(struct iq_session *s, const char *module, const char *name,
				 struct iq_type *type_ret)
{
	return iq_types_func(s->types, module, name, type_ret);
}

struct iq_error *iq_type_pointer(struct iq_session *s, struct iq_type to, struct iq_type *type_ret)
{
	return iq_types_pointer(s->types, to, type_ret);
}

struct iq_error *iq_type_array(struct iq_session *s, struct iq_type of, uint32_t num,
			       struct iq_type *type_ret)
{
	return iq_types_array(s->types, of, num, type_ret);
}

void iq_type_foreach(struct iq_session *s, iq_type_fn fn, void *ctx)
{
	iq_types_foreach(s->types, fn, ctx);
}

struct iq_error *iq_type_alias(struct iq_session *s, const char *name, struct iq_type type)
{
	return iq_types_alias(s->types, name, type);
}

bool iq_type_alias_at(struct iq_session *s, size_t i, const char **name_ret,
		      struct iq_type *type_ret)
{
	return iq_types_alias_at(s->types, i, name_ret, type_ret);
}

struct iq_error *iq_type_of_var(struct iq_session *s, const char *name, struct iq_type *type_ret)
{
	return iq_types_of_var(s->types, name, type_ret);
}

bool iq_has_type(struct iq_session *s, const char *type)
{
	return iq_sizeof(s, type) >= 0;
}

bool iq_has_member(struct iq_session *s, const char *type, const char *path)
{
	return iq_offsetof(s, type, path) >= 0;
}

int64_t iq_offsetof(struct iq_session *s, const char *type, const char *path)
{
	return iq_types_offsetof(s->types, type, path);
}

int64_t iq_sizeof(struct iq_session *s, const char *type)
{
	return iq_types_sizeof(s->types, type);
}

struct iq_error *iq_enum_value(struct iq_session *s, const char *type, const char *name,
			       int64_t *value_ret)
{
	return iq_types_enum_value(s->types, type, name, value_ret);
}

struct iq_error *iq_read_member(struct iq_session *s, const char *type, const char *path,
				iq_vaddr addr, uint64_t *value_ret)
{
	struct iq_number number;
	struct iq_member member;
	struct iq_error *err;
	uint8_t bytes[16] = { 0 };

	err = iq_types_member(s->types, type, path, &member);
	if (err)
		return err;
	if (!iq_member_number(&member, &number))
		return iq_error_new(IQ_ERR_INVALID, "%s.%s is not a number", type, path);
	err = iq_read(s, addr + number.offset, bytes, number.len);
	if (err)
		return iq_error_prefix(err, "%s.%s", type, path);
	*value_ret = iq_number_get(&number, bytes);
	return NULL;
}

bool iq_peek_member(struct iq_session *s, const char *type, const char *path, iq_vaddr addr,
		    uint64_t *value_ret)
{
	struct iq_error *err = iq_read_member(s, type, path, addr, value_ret);

	if (!err)
		return true;
	iq_error_free(err);
	return false;
}

struct iq_error *iq_shadow_read(struct iq_session *s, const struct iq_shadow *shadow, iq_vaddr addr,
				void *ours)
{
	uint64_t *known = iq_map_get(&s->plans, (uintptr_t)shadow);
	struct iq_shadow_plan *plan = known ? (struct iq_shadow_plan *)(uintptr_t)*known : NULL;
	struct iq_error *err;

	if (!plan) {
		err = iq_shadow_resolve(s->types, shadow, &plan);
		if (err)
			return err;
		iq_map_set(&s->plans, (uintptr_t)shadow, (uintptr_t)plan);
	}
	return iq_shadow_plan_read(plan, s->mem, addr, ours);
}
