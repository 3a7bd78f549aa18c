/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "inquest/util.h"
#include "target/doctor.h"

static const struct iq_doctor_fact *fact(const struct iq_doctor *d, const char *what)
{
	for (size_t i = 0; i < d->num_facts; i++)
		if (!strcmp(d->facts[i].what, what))
			return &d->facts[i];
	return NULL;
}

static void make_folder(const char *root, const char *path)
{
	char full[256];

	snprintf(full, sizeof(full), "%s%s", root, path);
	assert_int_equal(mkdir(full, 0700), 0);
}

static void make_file(const char *root, const char *path, const char *text)
{
	char full[256];
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", root, path);
	f = fopen(full, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void remove_all(const char *root)
{
	static const char *const paths[] = {
		"/proc/kcore",
		"/sys/kernel/security/lockdown",
		"/sys/kernel/security",
		"/sys/kernel",
		"/sys",
		"/proc",
		"",
	};

	for (unsigned i = 0; i < IQ_ARRAY_SIZE(paths); i++) {
		char full[256];

		snprintf(full, sizeof(full), "%s%s", root, paths[i]);
		assert_int_equal(remove(full), 0);
	}
}

static void what_is_missing_is_said_and_why(void **state)
{
	char root[] = "/tmp/inquest-test-XXXXXX";
	struct iq_doctor d;

	(void)state;
	assert_non_null(mkdtemp(root));
	iq_target_doctor(root, &d);
	assert_int_equal(fact(&d, "kcore")->state, IQ_DOCTOR_MISSING);
	assert_non_null(strstr(fact(&d, "kcore")->text, "does not exist"));
	assert_int_equal(fact(&d, "lockdown")->state, IQ_DOCTOR_NOTE);
	assert_int_equal(fact(&d, "btf")->state, IQ_DOCTOR_NOTE);
	for (size_t i = 0; i < d.num_facts; i++) {
		assert_true(*d.facts[i].text);
		assert_null(strchr(d.facts[i].text, '\n'));
	}
	iq_doctor_deinit(&d);

	make_folder(root, "/proc");
	make_folder(root, "/sys");
	make_folder(root, "/sys/kernel");
	make_folder(root, "/sys/kernel/security");
	make_file(root, "/proc/kcore", "");
	make_file(root, "/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	iq_target_doctor(root, &d);
	assert_int_equal(fact(&d, "kcore")->state, IQ_DOCTOR_OK);
	assert_int_equal(fact(&d, "lockdown")->state, IQ_DOCTOR_OK);
	iq_doctor_deinit(&d);

	make_file(root, "/sys/kernel/security/lockdown", "none integrity [confidentiality]\n");
	iq_target_doctor(root, &d);
	assert_int_equal(fact(&d, "lockdown")->state, IQ_DOCTOR_MISSING);
	assert_int_equal(fact(&d, "bpf")->state, IQ_DOCTOR_MISSING);
	assert_non_null(strstr(fact(&d, "bpf")->text, "lockdown"));
	iq_doctor_deinit(&d);
	remove_all(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_missing_is_said_and_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
