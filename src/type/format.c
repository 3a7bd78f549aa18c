/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Types in C's words
 *
 * C writes a type around the thing declared: pointers in front of it, arrays and
 * parameters behind. We go from the outside in, with what has been
 * written so far in the middle, until a type is met that has a name.
 */
#include <stdio.h>

#include "inquest/util.h"
#include "type/btf.h"

enum {
	MAX_STEPS = 64,
	MAX_NESTING = 4, /* functions that take functions that take ... */
	MAX_TEXT = 4096,
};

static char *type_text(struct iq_type type, unsigned depth);

static char *params_text(struct iq_type func, unsigned depth)
{
	const struct btf_type *t = iq_btf_type(func.btf, func.id);
	const struct btf_param *params = btf_tail(t);
	struct iq_strbuf sb = IQ_STRBUF_INIT;

	if (depth >= MAX_NESTING)
		return iq_xstrdup("...");
	for (uint32_t i = 0; i < btf_vlen(t) && sb.len < MAX_TEXT; i++) {
		_cleanup_free_ char *text = NULL;

		if (i)
			iq_strbuf_adds(&sb, ", ");
		/* A last parameter of no type stands for "...". */
		if (!params[i].type && !params[i].name_off) {
			iq_strbuf_adds(&sb, "...");
			continue;
		}
		text = type_text(btf_ref(func.btf, params[i].type), depth + 1);
		iq_strbuf_adds(&sb, text);
	}
	if (!sb.len)
		iq_strbuf_adds(&sb, "void");
	return iq_strbuf_steal(&sb);
}

/* Replace *inner by a text made of it. */
__attribute__((format(printf, 2, 3))) static void wrap(char **inner, const char *fmt, ...)
{
	struct iq_strbuf sb = IQ_STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	iq_strbuf_vprintf(&sb, fmt, ap);
	va_end(ap);
	free(*inner);
	*inner = iq_strbuf_steal(&sb);
}

static const char *qualifier(unsigned kind)
{
	switch (kind) {
	case BTF_CONST:
		return "const";
	case BTF_VOLATILE:
		return "volatile";
	case BTF_RESTRICT:
		return "restrict";
	default:
		return NULL; /* type tags are not C */
	}
}

static const char *tag(unsigned kind)
{
	switch (kind) {
	case BTF_STRUCT:
		return "struct ";
	case BTF_UNION:
		return "union ";
	case BTF_ENUM:
	case BTF_ENUM64:
		return "enum ";
	default:
		return "";
	}
}

static char *type_text(struct iq_type type, unsigned depth)
{
	char *inner = iq_xstrdup("");
	bool pointed = false; /* what was written last is a star */
	const char *quals = "";
	const char *name;

	for (unsigned i = 0; i < MAX_STEPS && strlen(inner) < MAX_TEXT; i++) {
		const struct btf_type *t = type.btf ? iq_btf_type(type.btf, type.id) : NULL;
		unsigned kind = t ? btf_kind(t) : BTF_VOID;

		switch (kind) {
		case BTF_PTR:
			wrap(&inner, "*%s%s%s", quals, *quals && *inner ? " " : "", inner);
			pointed = true;
			quals = "";
			break;
		case BTF_CONST:
		case BTF_VOLATILE:
		case BTF_RESTRICT:
			/* One of a chain is enough to be told. */
			quals = qualifier(kind);
			break;
		case BTF_TYPE_TAG:
		case BTF_FUNC:
		case BTF_VAR:
			break;
		case BTF_ARRAY:
			wrap(&inner, pointed ? "(%s)[%u]" : "%s[%u]", inner,
			     ((const struct btf_array *)btf_tail(t))->num);
			pointed = false;
			break;
		case BTF_FUNC_PROTO: {
			_cleanup_free_ char *params = params_text(type, depth);

			wrap(&inner, pointed ? "(%s)(%s)" : "%s(%s)", inner, params);
			pointed = false;
			break;
		}
		default:
			name = t ? iq_btf_str(type.btf, t->name_off) : "";
			if (kind == BTF_VOID)
				name = "void";
			else if (!*name)
				name = "{...}";
			wrap(&inner, "%s%s%s%s%s%s", quals, *quals ? " " : "",
			     kind == BTF_FWD ? btf_kind_flag(t) ? "union " : "struct " : tag(kind),
			     name, *inner ? " " : "", inner);
			return inner;
		}
		type = iq_type_target(type);
	}
	wrap(&inner, "... %s", inner);
	return inner;
}

const char *iq_type_format(struct iq_type type, char *buf, size_t len)
{
	_cleanup_free_ char *text = type_text(type, 0);

	snprintf(buf, len, "%s", text);
	return buf;
}
