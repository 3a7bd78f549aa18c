/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Made kernels: memory, types, symbols
 *
 * Where things are:
 *
 *	ffffffff81000000  code: 64 bytes a function, with a frame and one call in it
 *	ffffffff82000000  BTF and kallsyms, written when the kernel is opened
 *	ffffffff83000000  data with symbols
 *	ffff888001000000  heap; per-CPU areas at ffff888040000000
 *	ffffc90000000000  stacks
 */
#include "fakekernel-inside.h"

#include <stdio.h>
#include <time.h>

#include "fakekernel-types.h"
#include "made-btf.h"
#include "target/internal.h"

void fk_fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "made kernel: ");
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, "\n");
	va_end(ap);
	abort();
}

enum { FUNC_LEN = 64, CALL_RETURNS_AT = 0x20 };

static const iq_vaddr text_start = 0xffffffff81000000, tables_start = 0xffffffff82000000,
		      data_start = 0xffffffff83000000, heap_start = 0xffff888001000000,
		      percpu_start = 0xffff888040000000;

/* ---- memory ---- */

void fk_write(struct fakekernel *k, iq_vaddr addr, const void *data, size_t len)
{
	for (iq_vaddr page = addr & ~4095ULL; page < addr + len; page += 4096) {
		if (!iq_map_get(&k->known_pages, page) && !k->session) {
			iq_map_set(&k->known_pages, page, 1);
			iq_vec_push(&k->pages, page);
		}
	}
	iq_fake_write(k->target, addr, data, len);
}

void fk_read(struct fakekernel *k, iq_vaddr addr, void *data, size_t len)
{
	struct iq_error *err = k->target->ops->read_phys(k->target, addr, data, len);

	if (err)
		fk_fail("%s", iq_error_text(err));
}

void fk_u64(struct fakekernel *k, iq_vaddr addr, uint64_t value)
{
	fk_write(k, addr, &value, sizeof(value));
}

uint64_t fk_get_u64(struct fakekernel *k, iq_vaddr addr)
{
	uint64_t value;

	fk_read(k, addr, &value, sizeof(value));
	return value;
}

void fk_unmap(struct fakekernel *k, iq_vaddr addr, size_t len)
{
	iq_fake_remove_pages(k->target, addr, len);
}

size_t fk_num_pages(const struct fakekernel *k)
{
	return k->pages.num;
}

iq_vaddr fk_page(const struct fakekernel *k, size_t i)
{
	return k->pages.data[i];
}

static iq_vaddr take(struct fakekernel *k, iq_vaddr *at, size_t len)
{
	iq_vaddr addr = *at;
	uint8_t zeros[256] = { 0 };

	*at = (addr + len + 63) & ~63ULL;
	for (size_t done = 0; done < len; done += sizeof(zeros))
		fk_write(k, addr + done, zeros, IQ_MIN(len - done, sizeof(zeros)));
	return addr;
}

iq_vaddr fk_heap(struct fakekernel *k, size_t len)
{
	return take(k, &k->heap, len);
}

iq_vaddr fk_alloc(struct fakekernel *k, const char *type)
{
	return fk_heap(k, fk_size(k, type));
}

iq_vaddr fk_str(struct fakekernel *k, const char *str)
{
	iq_vaddr addr = fk_heap(k, strlen(str) + 1);

	fk_write(k, addr, str, strlen(str) + 1);
	return addr;
}

void fk_list_init(struct fakekernel *k, iq_vaddr head)
{
	fk_u64(k, head, head);
	fk_u64(k, head + 8, head);
}

void fk_list_add_tail(struct fakekernel *k, iq_vaddr head, iq_vaddr node)
{
	iq_vaddr last = fk_get_u64(k, head + 8);

	fk_u64(k, node, head);
	fk_u64(k, node + 8, last);
	fk_u64(k, last, node);
	fk_u64(k, head + 8, node);
}

void fk_list_del(struct fakekernel *k, iq_vaddr node)
{
	iq_vaddr next = fk_get_u64(k, node), prev = fk_get_u64(k, node + 8);

	fk_u64(k, prev, next);
	fk_u64(k, next + 8, prev);
}

/* ---- types ---- */

static struct type *find_type(const struct fakekernel *k, const char *name, size_t len)
{
	for (size_t i = 0; i < k->num_types; i++)
		if (strlen(k->types[i].name) == len && !strncmp(k->types[i].name, name, len))
			return (struct type *)&k->types[i];
	return NULL;
}

static struct type *new_type(struct fakekernel *k, const char *name)
{
	if (k->num_types == MAX_TYPES)
		fk_fail("too many types");
	snprintf(k->types[k->num_types].name, sizeof(k->types[0].name), "%s", name);
	return &k->types[k->num_types++];
}

/* "u32 member:1", "void *member", "list_head member[3]" */
static void add_member(struct fakekernel *k, struct type *t, char *text)
{
	char *name = strrchr(text, ' '), *p;
	struct member *m;

	if (!name || t->num_members == MAX_MEMBERS)
		fk_fail("member \"%s\" of %s", text, t->name);
	*name++ = '\0';
	m = &t->members[t->num_members++];
	m->count = 1;
	if (*name == '*') {
		name++;
		m->pointer = true;
	}
	p = strchr(name, '[');
	if (p) {
		*p++ = '\0';
		m->count = (unsigned)atoi(p);
		m->array = true;
	}
	p = strchr(name, ':');
	if (p) {
		*p++ = '\0';
		m->bits = (unsigned)atoi(p);
	}
	snprintf(m->name, sizeof(m->name), "%s", name);
	m->type = strcmp(text, "void") ? find_type(k, text, strlen(text)) : NULL;
	if (!m->type && !m->pointer)
		fk_fail("no type %s for %s.%s", text, t->name, name);
	m->size = m->pointer ? 8 : m->type->size;
	m->align = m->pointer ? 8 : m->type->align;
}

static void lay_out(struct type *t)
{
	size_t at = 0, bit = 0;

	t->align = 1;
	for (size_t i = 0; i < t->num_members; i++) {
		struct member *m = &t->members[i];

		t->align = IQ_MAX(t->align, m->align);
		if (m->bits && i && t->members[i - 1].bits && bit + m->bits <= 32) {
			m->offset = t->members[i - 1].offset;
			m->bit = bit;
			bit += m->bits;
			continue;
		}
		at = (at + m->align - 1) & ~(m->align - 1);
		m->offset = at;
		m->bit = 0;
		bit = m->bits;
		at += m->size * m->count;
	}
	t->size = (at + t->align - 1) & ~(t->align - 1);
}

static void parse_type(struct fakekernel *k, const char *text)
{
	_cleanup_free_ char *copy = iq_xstrdup(text);
	char *name = strtok(copy, " {"), *rest = strtok(NULL, "}"), *save, *member;
	struct type *t = new_type(k, name);

	for (member = strtok_r(rest, ";", &save); member; member = strtok_r(NULL, ";", &save)) {
		member += strspn(member, " {");
		if (*member)
			add_member(k, t, member);
	}
	lay_out(t);
}

void fk_types_(struct fakekernel *k, const char *const *texts)
{
	for (; *texts; texts++)
		parse_type(k, *texts);
}

static void make_types(struct fakekernel *k)
{
	static const struct {
		const char *name;
		unsigned size, encoding;
	} ints[] = {
		{ "u8", 1, 0 },
		{ "u16", 2, 0 },
		{ "u32", 4, 0 },
		{ "u64", 8, 0 },
		{ "s32", 4, MADE_SIGNED },
		{ "s64", 8, MADE_SIGNED },
		{ "char", 1, MADE_SIGNED },
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(ints); i++) {
		struct type *t = new_type(k, ints[i].name);

		t->size = t->align = ints[i].size;
		t->encoding = ints[i].encoding;
		t->is_int = true;
	}
	for (size_t i = 0; i < IQ_ARRAY_SIZE(made_types); i++)
		if (made_types[i].flavours & (k->rt ? M | RT : 1 << k->flavour) &&
		    !(k->rt && made_types[i].flavours & NOT_RT))
			parse_type(k, made_types[i].text);
}

/* The member at a path with its type in front, and where in that it is. */
static const struct member *look_up(const struct fakekernel *k, const char *path, size_t *off_ret)
{
	size_t len = strcspn(path, ".");
	const struct type *t = find_type(k, path, len);
	const struct member *m = NULL;

	*off_ret = 0;
	while (t && path[len]) {
		const char *name = path + len + 1;
		size_t name_len = strcspn(name, ".[");

		m = NULL;
		for (size_t i = 0; i < t->num_members && !m; i++)
			if (strlen(t->members[i].name) == name_len &&
			    !strncmp(t->members[i].name, name, name_len))
				m = &t->members[i];
		if (!m)
			return NULL;
		*off_ret += m->offset;
		if (name[name_len] == '[') {
			*off_ret += m->size * (size_t)atoi(name + name_len + 1);
			name_len += strcspn(name + name_len, "]") + 1;
		}
		t = m->pointer ? NULL : m->type;
		path = name;
		len = name_len;
	}
	return m;
}

size_t fk_off(struct fakekernel *k, const char *path)
{
	size_t off;

	if (!look_up(k, path, &off))
		fk_fail("no member %s", path);
	return off;
}

bool fk_has(struct fakekernel *k, const char *path)
{
	size_t off;

	return strchr(path, '.') ? look_up(k, path, &off) != NULL
				 : find_type(k, path, strlen(path)) != NULL;
}

size_t fk_size(struct fakekernel *k, const char *type)
{
	const struct type *t = find_type(k, type, strlen(type));

	if (!t)
		fk_fail("no type %s", type);
	return t->size;
}

void fk_put(struct fakekernel *k, iq_vaddr addr, const char *path, uint64_t value)
{
	const struct member *m;
	uint64_t word = 0;
	size_t off;

	m = look_up(k, path, &off);
	if (!m || m->size > 8)
		fk_fail("no number %s", path);
	if (m->bits) {
		fk_read(k, addr + off, &word, m->size);
		word &= ~(((1ULL << m->bits) - 1) << m->bit);
		value = word | value << m->bit;
	}
	fk_write(k, addr + off, &value, m->size);
}

uint64_t fk_get(struct fakekernel *k, iq_vaddr addr, const char *path)
{
	const struct member *m;
	uint64_t value = 0;
	size_t off;

	m = look_up(k, path, &off);
	if (!m || m->size > 8)
		fk_fail("no number %s", path);
	fk_read(k, addr + off, &value, m->size);
	return m->bits ? value >> m->bit & ((1ULL << m->bits) - 1) : value;
}

void fk_more_types(struct fakekernel *k, void (*fn)(struct made_btf *b))
{
	k->more_types = fn;
}

/* All types as BTF; ids in the order of k->types, pointers and arrays behind them. */
static void write_btf(struct fakekernel *k)
{
	struct made_btf b;
	iq_vaddr addr;
	uint32_t next;
	size_t len;
	void *data;

	made_btf_init(&b, NULL);
	next = (uint32_t)k->num_types + 1;
	for (size_t i = 0; i < k->num_types; i++) {
		struct type *t = &k->types[i];

		if (t->is_int) {
			made_int(&b, t->name, (uint32_t)t->size, t->encoding);
			continue;
		}
		made_struct(&b, t->name, (uint32_t)t->size, true);
		for (size_t j = 0; j < t->num_members; j++) {
			const struct member *m = &t->members[j];
			uint32_t id =
				m->pointer || m->array ? next : (uint32_t)(m->type - k->types) + 1;

			next += m->pointer + m->array;
			if (m->pointer && m->array)
				id++; /* the pointer, then the array of it */
			made_member(&b, m->name, id,
				    m->bits << 24 | (uint32_t)(m->offset * 8 + m->bit));
		}
	}
	for (size_t i = 0; i < k->num_types; i++) {
		for (size_t j = 0; j < k->types[i].num_members; j++) {
			const struct member *m = &k->types[i].members[j];
			uint32_t id = m->type ? (uint32_t)(m->type - k->types) + 1 : 0;

			if (m->pointer)
				id = made_type(&b, "", BTF_PTR, 0, id);
			if (m->array)
				made_array(&b, id, m->count);
		}
	}
	if (k->more_types)
		k->more_types(&b);
	data = made_btf_data(&b, &len);
	addr = take(k, &k->tables, len);
	fk_write(k, addr, data, len);
	fk_symbol(k, "__start_BTF", addr, 'R');
	fk_symbol(k, "__stop_BTF", addr + len, 'R');
	made_btf_deinit(&b);
}

/* ---- symbols ---- */

void fk_symbol(struct fakekernel *k, const char *name, iq_vaddr addr, char kind)
{
	struct symbol *sym = iq_arena_alloc(k->arena, sizeof(*sym));

	*sym = (struct symbol){ .name = iq_arena_strdup(k->arena, name),
				.addr = addr,
				.kind = kind };
	iq_vec_push(&k->symbols, sym);
	iq_strmap_set(&k->by_name, name, sym);
}

iq_vaddr fk_func(struct fakekernel *k, const char *name)
{
	struct symbol *sym = iq_strmap_get(&k->by_name, name);
	/* push %rbp; mov %rsp,%rbp; ...; call; leave; ret */
	uint8_t code[FUNC_LEN];

	if (sym)
		return sym->addr;
	memset(code, 0x90, sizeof(code));
	memcpy(code, "\x55\x48\x89\xe5", 4);
	memcpy(code + CALL_RETURNS_AT - 5, "\xe8\0\0\0\0\xc9\xc3", 7);
	fk_write(k, k->text, code, sizeof(code));
	fk_symbol(k, name, k->text, 'T');
	k->text += FUNC_LEN;
	return k->text - FUNC_LEN;
}

iq_vaddr fk_call_in(struct fakekernel *k, const char *func)
{
	return fk_func(k, func) + CALL_RETURNS_AT;
}

iq_vaddr fk_data(struct fakekernel *k, const char *name, size_t len)
{
	struct symbol *sym = iq_strmap_get(&k->by_name, name);
	iq_vaddr addr;

	if (sym)
		return sym->addr;
	addr = take(k, &k->data, len);
	fk_symbol(k, name, addr, 'D');
	return addr;
}

/*
 * Per-CPU data: of older kernels the symbol is an offset from 0, of newer ones an address in the
 * image; what __per_cpu_offset holds makes up for it. Returns CPU 0's.
 */
static iq_vaddr percpu_symbol(struct fakekernel *k, const char *name, iq_vaddr offset)
{
	iq_vaddr base = k->flavour == FK_NEW ? data_start + 0x800000 : 0;

	fk_symbol(k, name, base + offset, k->flavour == FK_NEW ? 'D' : 'A');
	for (unsigned cpu = 0; cpu < FK_CPUS; cpu++)
		fk_u64(k, fk_data(k, "__per_cpu_offset", 8 * FK_CPUS) + 8 * cpu,
		       percpu_start + 0x10000 * cpu - base);
	return percpu_start + offset;
}

iq_vaddr fk_percpu(struct fakekernel *k, size_t len, iq_vaddr *cpu0_ret)
{
	iq_vaddr offset = k->percpu;

	k->percpu += (len + 63) & ~63UL;
	for (unsigned cpu = 0; cpu < FK_CPUS; cpu++)
		for (size_t i = 0; i < len; i += 8)
			fk_u64(k, percpu_start + 0x10000 * cpu + offset + i, 0);
	if (cpu0_ret)
		*cpu0_ret = percpu_start + offset;
	return offset + (k->flavour == FK_NEW ? data_start + 0x800000 : 0);
}

iq_vaddr fk_percpu_data(struct fakekernel *k, const char *name, size_t len)
{
	iq_vaddr cpu0;

	fk_percpu(k, len, &cpu0);
	percpu_symbol(k, name, cpu0 - percpu_start);
	return cpu0;
}

static int by_addr(const void *a, const void *b)
{
	const struct symbol *x = *(struct symbol *const *)a, *y = *(struct symbol *const *)b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static void info_symbol(struct iq_strbuf *info, const char *name, iq_vaddr addr)
{
	iq_strbuf_printf(info, "SYMBOL(%s)=%" PRIx64 "\n", name, addr);
}

/* Each token is one character; token numbers are characters. */
static void write_kallsyms(struct fakekernel *k)
{
	struct iq_strbuf names = IQ_STRBUF_INIT, tokens = IQ_STRBUF_INIT, info = IQ_STRBUF_INIT;
	uint32_t num = (uint32_t)k->symbols.num;
	iq_vaddr offsets, base, num_at, names_at, table_at, index_at;
	uint16_t index[256];

	qsort(k->symbols.data, num, sizeof(*k->symbols.data), by_addr);
	offsets = take(k, &k->tables, 4 * num);
	base = take(k, &k->tables, 8);
	num_at = take(k, &k->tables, 4);
	fk_write(k, num_at, &num, 4);
	fk_u64(k, base, text_start);
	for (uint32_t i = 0; i < num; i++) {
		const struct symbol *sym = k->symbols.data[i];
		size_t len = strlen(sym->name) + 1;
		int32_t offset;

		if (len > 127)
			fk_fail("the name %s is too long", sym->name);
		iq_strbuf_addc(&names, (char)len);
		iq_strbuf_addc(&names, sym->kind);
		iq_strbuf_adds(&names, sym->name);
		if (k->flavour == FK_NEW)
			offset = (int32_t)(sym->addr - (offsets + 4 * i));
		else if (sym->addr < 1 << 30)
			offset = (int32_t)sym->addr;
		else
			offset = (int32_t)(text_start - 1 - sym->addr);
		fk_write(k, offsets + 4 * i, &offset, 4);
	}
	for (unsigned i = 0; i < 256; i++) {
		index[i] = (uint16_t)tokens.len;
		iq_strbuf_addc(&tokens, i ? (char)i : '?');
		iq_strbuf_addc(&tokens, '\0');
	}
	names_at = take(k, &k->tables, names.len);
	fk_write(k, names_at, names.str, names.len);
	table_at = take(k, &k->tables, tokens.len);
	fk_write(k, table_at, tokens.str, tokens.len);
	index_at = take(k, &k->tables, sizeof(index));
	fk_write(k, index_at, index, sizeof(index));

	iq_strbuf_printf(&info, "OSRELEASE=%s\nPAGESIZE=4096\n",
			 k->flavour == FK_OLD	? "5.10.0-made"
			 : k->flavour == FK_MID ? "6.12.0-made"
						: "7.3.0-made");
	info_symbol(&info, "_stext", text_start);
	info_symbol(&info, "kallsyms_names", names_at);
	info_symbol(&info, "kallsyms_num_syms", num_at);
	info_symbol(&info, "kallsyms_token_table", table_at);
	info_symbol(&info, "kallsyms_token_index", index_at);
	info_symbol(&info, "kallsyms_offsets", offsets);
	if (k->flavour != FK_NEW)
		info_symbol(&info, "kallsyms_relative_base", base);
	iq_fake_set_vmcoreinfo(k->target, info.str);
	iq_strbuf_deinit(&names);
	iq_strbuf_deinit(&tokens);
	iq_strbuf_deinit(&info);
}

/* ---- the whole ---- */

static struct fakekernel *make(enum fk_flavour flavour, bool rt)
{
	struct fakekernel *k = iq_xcalloc(1, sizeof(*k));
	uint64_t cpus = (1 << FK_CPUS) - 1;
	uint32_t num = FK_CPUS;

	k->flavour = flavour;
	k->rt = rt;
	k->target = iq_fake_new();
	k->arena = iq_arena_new();
	k->types = iq_xcalloc(MAX_TYPES, sizeof(*k->types));
	k->heap = heap_start;
	k->text = text_start;
	k->data = data_start;
	k->tables = tables_start;
	k->percpu = 0x2000;
	k->next_stack = 0xffffc90000000000;
	k->next_dev = 16;
	make_types(k);
	fk_func(k, "_stext");
	fk_write(k, fk_data(k, "nr_cpu_ids", 8), &num, 4);
	fk_u64(k, fk_data(k, "__cpu_possible_mask", 8), cpus);
	fk_u64(k, fk_data(k, "__cpu_online_mask", 8), cpus);
	k->rq_size = fk_size(k, "rq");
	fk_percpu(k, k->rq_size, &k->runqueues);
	percpu_symbol(k, "runqueues", k->runqueues - percpu_start);
	fk_make_first(k);
	return k;
}

struct fakekernel *fakekernel_new(enum fk_flavour flavour)
{
	return make(flavour, false);
}

struct fakekernel *fakekernel_new_rt(void)
{
	return make(FK_MID, true);
}

void fakekernel_free(struct fakekernel *k)
{
	if (!k)
		return;
	if (k->have_why)
		iq_why_deinit(&k->why);
	if (k->session)
		iq_session_close(k->session);
	else if (!k->target_given_away)
		iq_target_close(k->target);
	iq_map_deinit(&k->known_pages);
	iq_vec_free(&k->pages);
	iq_vec_free(&k->symbols);
	iq_strmap_deinit(&k->by_name);
	iq_arena_free(k->arena);
	free(k->types);
	if (fk_paused == k)
		fk_paused = NULL;
	free(k);
}

enum fk_flavour fk_flavour(const struct fakekernel *k)
{
	return k->flavour;
}

/* Only one kernel at a time is watched: a target's functions get the target, whose priv is the
 * fake's. */
static struct fakekernel *watched;

static struct iq_error *watched_read(struct iq_target *t, iq_paddr pa, void *buf, size_t len)
{
	struct fakekernel *k = watched;
	void (*fn)(struct fakekernel *, iq_vaddr, size_t, void *) = k->on_read;

	k->on_read = NULL; /* what it reads itself does not count */
	if (fn)
		fn(k, pa, len, k->read_ctx);
	k->on_read = fn;
	return k->read_phys(t, pa, buf, len);
}

static struct iq_error *watched_read_virt(struct iq_target *t, iq_vaddr va, void *buf, size_t len)
{
	return watched_read(t, va, buf, len);
}

void fk_on_read(struct fakekernel *k,
		void (*fn)(struct fakekernel *k, iq_vaddr addr, size_t len, void *ctx), void *ctx)
{
	watched = k;
	k->on_read = fn;
	k->read_ctx = ctx;
	k->ops = *k->target->ops;
	k->read_phys = k->ops.read_phys;
	k->ops.read_phys = watched_read;
	k->ops.read_virt = watched_read_virt;
	k->target->ops = &k->ops;
}

void fk_tells_ram(struct fakekernel *k)
{
	k->tells_ram = true;
}

struct iq_error *fk_try_open(struct fakekernel *k, struct iq_session **s_ret)
{
	struct iq_error *err;

	fk_symbol(k, "_etext", k->text + 4096, 'T');
	fk_symbol(k, "_sdata", data_start, 'D');
	write_btf(k);
	write_kallsyms(k);
	if (k->live)
		iq_fake_set_live(k->target);
	for (size_t i = 0; k->tells_ram && i < k->pages.num; i++)
		iq_target_add_range(k->target, k->pages.data[i], k->pages.data[i] + 4096);
	if (k->tells_ram)
		iq_target_sort(k->target);
	k->target_given_away = true;
	err = iq_session_over(k->target, k->rooms ? k->rooms : iq_all_rooms, &k->session);
	if (!err)
		*s_ret = k->session;
	return err;
}

void fk_rooms(struct fakekernel *k, const struct iq_module *const *rooms)
{
	k->rooms = rooms;
}

struct iq_session *fk_open(struct fakekernel *k)
{
	struct iq_session *s = k->session;
	struct iq_error *err = NULL;

	if (!s)
		err = fk_try_open(k, &s);
	if (err)
		fk_fail("open: %s", iq_error_text(err));
	return s;
}
