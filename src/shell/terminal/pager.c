/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The pager: when the screen is full it asks
 *
 * Space: a page more; Return or n: a line more; c: all of it without asking; q: no more of this
 * line's output; a: no more, and stop the command.
 */
#include <errno.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "shell/run/inside.h"
#include "shell/terminal/terminal.h"

static const char question[] = ">> More [<space>, <cr>, q, n, c, a] ? ";

static struct pager {
	struct iq_shell *sh;
	struct iq_sink under;
	unsigned rows, left; /* lines until it asks */
	unsigned col;
	bool asks, drops;
} pager;

static int read_key(void)
{
	struct termios before, raw;
	unsigned char c;
	ssize_t num;

	if (tcgetattr(STDIN_FILENO, &before) < 0)
		return 'c';
	raw = before;
	raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	num = read(STDIN_FILENO, &c, 1);
	tcsetattr(STDIN_FILENO, TCSANOW, &before);
	if (num < 0 && errno == EINTR)
		return 'a';
	return num == 1 ? c : 'q';
}

static void ask(struct pager *p)
{
	static const char wipe[] = "\r                                      \r";
	int key;

	p->under.write(p->under.ctx, question, sizeof(question) - 1);
	do
		key = read_key();
	while (!strchr(" \r\nnqcad\004\003", key) || !key);
	p->under.write(p->under.ctx, wipe, sizeof(wipe) - 1);
	switch (key) {
	case ' ':
	case 'd':
		p->left = p->rows;
		break;
	case 'c':
		p->asks = false;
		break;
	case 'q':
	case '\004':
		p->drops = true;
		break;
	case 'a':
	case '\003':
		p->drops = true;
		if (p->sh->interrupted)
			*p->sh->interrupted = 1;
		break;
	default:
		p->left = 1;
	}
}

/* The part of text up to where a line of the screen ends. */
static size_t one_row(struct pager *p, const char *text, size_t len, bool *ended)
{
	unsigned width = p->sh->width ? p->sh->width : 80;

	*ended = false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '\n') {
			p->col = 0;
			*ended = true;
			return i + 1;
		}
		if (c == '\t')
			p->col = (p->col / 8 + 1) * 8;
		else if (c >= ' ' && (c & 0xc0) != 0x80)
			p->col++;
		if (p->col > width) {
			p->col = 0;
			*ended = true;
			return i;
		}
	}
	return len;
}

static void write_paged(void *ctx, const char *text, size_t len)
{
	struct pager *p = ctx;

	while (len && !p->drops) {
		bool ended;
		size_t part;

		if (!p->asks || p->sh->options & IQ_OPT_NO_PAGER) {
			p->under.write(p->under.ctx, text, len);
			return;
		}
		if (!p->left) {
			ask(p);
			continue;
		}
		part = one_row(p, text, len, &ended);
		p->under.write(p->under.ctx, text, part);
		p->left -= ended;
		text += part;
		len -= part;
	}
}

void iq_pager_install(struct iq_shell *sh)
{
	if (pager.sh)
		return;
	pager = (struct pager){ .sh = sh, .under = sh->out };
	sh->out = (struct iq_sink){ write_paged, &pager };
}

void iq_pager_remove(struct iq_shell *sh)
{
	if (pager.sh != sh)
		return;
	sh->out = pager.under;
	pager = (struct pager){ 0 };
}

void iq_pager_begin(struct iq_shell *sh, unsigned rows)
{
	if (pager.sh != sh)
		return;
	pager.rows = pager.left = rows > 2 ? rows - 1 : 0;
	pager.asks = rows > 2;
	pager.drops = false;
	pager.col = 0;
}
