/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lines from standard input; from a terminal with editing, history and completion
 *
 * libedit reads what the terminal can do from files, so that it is set up before the source is
 * opened and with it the right to open files is given up. History is read and written by the
 * helper, which has a time limit.
 */
#include <errno.h>
#include <histedit.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "shell/helper/helper.h"
#include "shell/run/inside.h"
#include "shell/terminal/terminal.h"

enum { MAX_LINE = 1 << 20, MAX_HISTORY = 1000, MAX_SHOWN = 200 };

static EditLine *prepared;

/* ---- from a pipe or a file ---- */

/* The next line without its end, in line. False: there is none. */
static bool read_line(struct iq_strbuf *input, struct iq_strbuf *line)
{
	const char *end;

	line->len = 0;
	while (!(end = input->len ? memchr(input->str, '\n', input->len) : NULL)) {
		char buf[4096];
		ssize_t num = read(STDIN_FILENO, buf, sizeof(buf));

		if (num < 0 && errno == EINTR)
			continue;
		if (num <= 0 || input->len > MAX_LINE)
			break;
		iq_strbuf_add(input, buf, (size_t)num);
	}
	if (!input->len)
		return false;
	if (!end) {
		iq_strbuf_add(line, input->str, input->len);
		input->len = 0;
		return true;
	}
	iq_strbuf_add(line, input->str, (size_t)(end - input->str));
	input->len -= (size_t)(end + 1 - input->str);
	memmove(input->str, end + 1, input->len + 1);
	return true;
}

static int plain_loop(struct iq_shell *sh)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf input = IQ_STRBUF_INIT, line = IQ_STRBUF_INIT;
	bool terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);

	while (!sh->quit) {
		if (terminal)
			sh->out.write(sh->out.ctx, sh->prompt, strlen(sh->prompt));
		if (!read_line(&input, &line))
			break;
		if (memchr(iq_strbuf_str(&line), '\0', line.len)) {
			iq_shell_complain(sh, "a line with a NUL in it");
			continue;
		}
		iq_shell_run_line(sh, iq_strbuf_str(&line));
	}
	return sh->quit ? sh->quit_status : 0;
}

/* ---- history ---- */

static char *history_path(void)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	char *path = NULL;
	int len;

	if (state && *state == '/')
		len = asprintf(&path, "%s/inquest/history", state);
	else if (home && *home == '/')
		len = asprintf(&path, "%s/.local/state/inquest/history", home);
	else
		return NULL;
	return len < 0 ? NULL : path;
}

static void load_history(struct iq_shell *sh, History *h, const char *path)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf text = IQ_STRBUF_INIT;
	struct iq_error *err;
	HistEvent ev;
	size_t num = 0;

	if (!path || !sh->helper)
		return;
	err = iq_helper_read_file(sh->helper, path, &text);
	if (err) {
		iq_error_free(err);
		return; /* none yet, or a home that hangs */
	}
	for (char *line = text.str, *end; line && (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		history(h, &ev, H_ENTER, line);
		num++;
	}
	/* Begin a new one with the last part of what is there. */
	if (num > 2 * (size_t)MAX_HISTORY) {
		_cleanup_(iq_strbuf_deinit) struct iq_strbuf last = IQ_STRBUF_INIT;

		for (int i = history(h, &ev, H_LAST); i >= 0; i = history(h, &ev, H_PREV))
			iq_strbuf_printf(&last, "%s\n", ev.str);
		iq_error_free(iq_helper_write_file(sh->helper, path, true, iq_strbuf_str(&last),
						   last.len));
	}
}

static void save_line(struct iq_shell *sh, const char *path, const char *line)
{
	static bool have_folder;
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf text = IQ_STRBUF_INIT;
	struct iq_error *err;

	if (!path || !sh->helper)
		return;
	iq_strbuf_printf(&text, "%s\n", line);
	err = iq_helper_write_file(sh->helper, path, false, text.str, text.len);
	if (err && !have_folder && !strchr(path, '\'')) {
		_cleanup_(iq_strbuf_deinit) struct iq_strbuf command = IQ_STRBUF_INIT,
							     out = IQ_STRBUF_INIT;

		have_folder = true; /* tried once */
		iq_error_free(err);
		iq_strbuf_printf(&command, "umask 077; timeout 5 mkdir -p -- '%.*s' 2>/dev/null",
				 (int)(strrchr(path, '/') - path), path);
		iq_error_free(iq_helper_command(sh->helper, iq_strbuf_str(&command), "", 0, &out));
		err = iq_helper_write_file(sh->helper, path, false, text.str, text.len);
	}
	iq_error_free(err); /* a session without a history is one all the same */
}

/* ---- editing ---- */

static struct iq_shell *edited; /* libedit hands on one pointer, and not to all */

static char *prompt(EditLine *el)
{
	(void)el;
	return edited->prompt;
}

/* One character; ^C ends the line. */
static int read_char(EditLine *el, wchar_t *c)
{
	unsigned char byte;
	mbstate_t state = { 0 };
	size_t used;

	(void)el;
	for (int i = 0; i < 6; i++) {
		ssize_t num = read(STDIN_FILENO, &byte, 1);

		if (num < 0 && errno == EINTR && !(edited->interrupted && *edited->interrupted)) {
			i--;
			continue;
		}
		if (num <= 0)
			return num < 0 ? -1 : 0;
		used = mbrtowc(c, (const char *)&byte, 1, &state);
		if (used == (size_t)-1) {
			*c = byte; /* not in this locale's encoding */
			return 1;
		}
		if (used != (size_t)-2)
			return 1;
	}
	return -1;
}

static void show_candidates(const struct iq_candidates *c)
{
	size_t widest = 0, columns, num = IQ_MIN(c->list.num, (size_t)MAX_SHOWN);
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf text = IQ_STRBUF_INIT;

	for (size_t i = 0; i < num; i++)
		widest = IQ_MAX(widest, strlen(c->list.data[i]));
	columns = IQ_MAX((edited->width ? edited->width : 80) / (widest + 2), (size_t)1);
	iq_strbuf_addc(&text, '\n');
	for (size_t i = 0; i < num; i++) {
		bool last = (i + 1) % columns == 0 || i + 1 == num;

		iq_strbuf_printf(&text, "%-*s%s", last ? 0 : (int)widest + 2, c->list.data[i],
				 last ? "\n" : "");
	}
	if (c->list.num > num)
		iq_strbuf_printf(&text, "... %zu%s more\n", c->list.num - num,
				 c->more ? " or" : "");
	fwrite(text.str, 1, text.len, stdout);
	fflush(stdout);
}

static unsigned char complete(EditLine *el, int ch)
{
	const LineInfo *li = el_line(el);
	size_t len = (size_t)(li->cursor - li->buffer), have, common;
	_cleanup_free_ char *text = strndup(li->buffer, len);
	struct iq_candidates c;
	unsigned char result = CC_ERROR;

	(void)ch;
	if (!text)
		return CC_ERROR;
	iq_complete(edited, text, &c);
	have = len - IQ_MIN(c.start, len);
	common = iq_candidates_common(&c);
	if (c.list.num && common > have) {
		_cleanup_free_ char *rest = strndup(c.list.data[0] + have, common - have);

		if (rest && !el_insertstr(el, rest))
			result = CC_REFRESH;
	}
	if (c.list.num == 1 && result != CC_ERROR && c.list.data[0][common - 1] != '/')
		el_insertstr(el, " ");
	else if (c.list.num == 1 && common == have && !el_insertstr(el, " "))
		result = CC_REFRESH;
	else if (c.list.num > 1 && common <= have) {
		show_candidates(&c);
		result = CC_REDISPLAY;
	}
	iq_candidates_deinit(&c);
	return result;
}

static unsigned screen_rows(struct iq_shell *sh)
{
	struct winsize ws;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) < 0)
		return 0;
	if (ws.ws_col)
		sh->width = ws.ws_col;
	return ws.ws_row;
}

void iq_shell_prepare_terminal(void)
{
	const char *home = getenv("HOME");
	_cleanup_free_ char *kept = home ? iq_xstrdup(home) : NULL;

	if (prepared || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return;
	/* Descriptions of terminals are looked for there first, and it may hang. */
	unsetenv("HOME");
	prepared = el_init("inquest", stdin, stdout, stderr);
	if (kept)
		setenv("HOME", kept, 1);
	if (!prepared)
		return;
	el_set(prepared, EL_EDITOR, "emacs");
	el_set(prepared, EL_SIGNAL, 0);
	el_set(prepared, EL_PROMPT, prompt);
	el_set(prepared, EL_GETCFN, read_char);
	el_set(prepared, EL_ADDFN, "inquest-complete", "complete a name", complete);
	el_set(prepared, EL_BIND, "^I", "inquest-complete", NULL);
	el_set(prepared, EL_BIND, "^R", "em-inc-search-prev", NULL);
	el_set(prepared, EL_BIND, "\\e[3~", "ed-delete-next-char", NULL);
}

static bool is_blank(const char *line)
{
	return !line[strspn(line, " \t\n")];
}

static int edit_loop(struct iq_shell *sh)
{
	_cleanup_free_ char *path = history_path();
	History *h = history_init();
	unsigned eofs = 0;
	HistEvent ev;

	edited = sh;
	if (h) {
		history(h, &ev, H_SETSIZE, MAX_HISTORY);
		history(h, &ev, H_SETUNIQUE, 1);
		el_set(prepared, EL_HIST, history, h);
		load_history(sh, h, path);
	}
	iq_pager_install(sh);
	while (!sh->quit) {
		_cleanup_free_ char *line = NULL;
		const char *read;
		int num = 0;
		size_t len;

		iq_pager_begin(sh, 0);
		(void)screen_rows(sh);
		el_resize(prepared);
		read = el_gets(prepared, &num);
		if (sh->interrupted && *sh->interrupted) {
			*sh->interrupted = 0;
			el_reset(prepared);
			fputs("^C\n", stdout);
			fflush(stdout);
			continue;
		}
		if (!read || num <= 0) {
			fputc('\n', stdout);
			fflush(stdout);
			if (sh->options & IQ_OPT_IGNORE_EOF && !num && eofs++ < 10) {
				iq_shell_complain(sh, "use ::quit to leave");
				continue;
			}
			break;
		}
		eofs = 0;
		line = iq_xstrdup(read);
		len = strlen(line);
		if (len && line[len - 1] == '\n')
			line[len - 1] = '\0';
		if (h && !is_blank(line)) {
			history(h, &ev, H_ENTER, line);
			save_line(sh, path, line);
		}
		iq_pager_begin(sh, screen_rows(sh));
		iq_shell_run_line(sh, line);
	}
	iq_pager_remove(sh);
	if (h)
		history_end(h);
	el_end(prepared);
	prepared = NULL;
	return sh->quit ? sh->quit_status : 0;
}

int iq_shell_loop(struct iq_shell *sh)
{
	return prepared ? edit_loop(sh) : plain_loop(sh);
}
