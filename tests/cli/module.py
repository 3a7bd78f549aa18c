#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
The example module, built as somebody else would, and loaded

module.py PROGRAM STATIC-PROGRAM SOURCE BUILD DUMP     STATIC-PROGRAM may be "-"; without DUMP it is
built, and that is all.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile


def fail(what, *more):
    print('not ok -', what, *more)
    sys.exit(1)


def check(what, condition, *more):
    if not condition:
        fail(what, *more)
    print('ok -', what)


# A wait rule for whoever sleeps at all, put in front of the example's table.
RULE = """
static const char *const sleeps[] = { "schedule", NULL };

static struct iq_error *explain(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_graph *g = who->d->g;
	struct iq_object *on = iq_graph_object(g, IQ_OBJ_KERNEL, "kernel:hello");

	iq_object_name(g, on, "whatever hello says");
	*wait_ret = iq_diag_wait(who, on, IQ_WAIT_IDLE);
	return NULL;
}

static const struct iq_wait_rule rules[] = {
	{ .name = "hello-sleep", .summary = "any sleep", .certainty = IQ_PROVEN,
	  .functions = sleeps, .explain = explain },
	{ 0 },
};

extern const struct iq_module iq_module;
"""


def ask(program, dump, text):
    done = subprocess.run([program, '-c', dump, '-S'], input=text.encode(), capture_output=True,
                          timeout=120, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def main():
    program, static, source, build, dump = sys.argv[1:6]
    folder = tempfile.mkdtemp(prefix='inquest-module.')
    try:
        env = dict(os.environ, PKG_CONFIG_PATH=os.path.join(build, 'meson-uninstalled'))
        shutil.copytree(os.path.join(source, 'docs', 'example-module'), folder + '/hello')
        for command in (['meson', 'setup', 'build'], ['ninja', '-C', 'build']):
            done = subprocess.run(command, cwd=folder + '/hello', env=env, capture_output=True,
                                  timeout=300, check=False)
            if done.returncode:
                fail(' '.join(command), done.stdout.decode(), done.stderr.decode())
        module = folder + '/hello/build/hello.so'
        check('it is built with the headers that pkg-config names', os.path.exists(module))
        if not os.path.exists(dump):
            print(f'{dump} is not there: not loaded')
            return

        _, out, err = ask(program, dump, f'::load {module}\n::hello ! head -2\n')
        check('its command runs', 'PID' in out and '1 ' in out, out, err)
        _, out, err = ask(program, dump,
                          f'::load {module}\n::walk hello_leader | ::head -n 1 | '
                          '::print pid\n')
        check('its walker says of what type its addresses are', 'pid = ' in out, out, err)
        _, out, err = ask(program, dump, f'::load {module}\n10::hello_crash\n1=X\n')
        check('a fault is an error of that command', 'hello_crash' in err and out.strip() == '1',
              out, err)
        _, out, err = ask(program, dump, f'::load {module}\n::load {module}\n')
        check('a name is there once', 'already' in err, err)
        _, out, err = ask(program, dump, f'::load {module}\n::unload hello\n::hello\n')
        check('it is forgotten', 'no command ::hello' in err, err)

        path = folder + '/hello/hello.c'
        with open(path, encoding='utf-8') as file:
            text = file.read()
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text.replace('extern const struct iq_module iq_module;', RULE).replace(
                '.dcmds = dcmds,', '.wait_rules = rules,\n\t.dcmds = dcmds,'))
        subprocess.run(['ninja', '-C', 'build'], cwd=folder + '/hello', env=env, check=True,
                       capture_output=True, timeout=300)
        init = '::walk thread | ::head -n 1 | ::why'
        _, out, err = ask(program, dump,
                          f'{init}\n1=X\n::load {module}\n{init}\n2=X\n::unload hello\n{init}\n')
        before, during, after = re.split(r'^ +[12] *\n', out, flags=re.MULTILINE)
        check('its wait rule is asked, from when it is loaded until it is not',
              'whatever hello says' in during and before and before == after, out, err)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text.replace('.api = IQ_MODULE_API', '.api = IQ_MODULE_API + 1'))
        subprocess.run(['ninja', '-C', 'build'], cwd=folder + '/hello', env=env, check=True,
                       capture_output=True, timeout=300)
        _, out, err = ask(program, dump, f'::load {module}\n')
        check('another interface is refused', 'module interface' in err, err)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text.replace('iq_tasks(cmd->s)', 'nobody_has_this(cmd->s)').replace(
                'static const struct iq_column columns',
                'const struct iq_task_list *nobody_has_this(struct iq_session *s);\n'
                'static const struct iq_column columns'))
        subprocess.run(['ninja', '-C', 'build'], cwd=folder + '/hello', env=env, check=True,
                       capture_output=True, timeout=300)
        _, out, err = ask(program, dump, f'::load {module}\n')
        check('a symbol that is missing is named', 'nobody_has_this' in err, err)

        with open(module, 'rb') as file:
            data = file.read()
        lines = ['::load /dev/null']
        for size in list(range(1, 200, 7)) + [len(data) // 2, len(data) - 900]:
            with open(f'{folder}/cut{size}.so', 'wb') as file:
                file.write(data[:size])
            lines.append(f'::load {folder}/cut{size}.so')
        _, out, err = ask(program, dump, '\n'.join(lines) + '\n1=X\n')
        check('files that are cut off are refused',
              out.strip() == '1' and err.count('inquest: ::load') == len(lines), out, err)
        if static != '-':
            _, out, err = ask(static, dump, f'::load {module}\n')
            check('the static program says no in one line', 'static' in err, err)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == '__main__':
    main()
