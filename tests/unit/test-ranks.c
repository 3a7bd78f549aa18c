/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ranks of rules (inquest/module.h): who is asked first is said, and not left to the order of
 * rooms. That answers do not depend on that order is asked of every made kernel (fakekernel-why.c).
 */
#include "test.h"

#include <stdio.h>

#include "inquest/module.h"

/*
 * Wait rules that may claim the same functions at the same rank: each looks at whose the page is,
 * and leaves it to the others where it is not its own filesystem's.
 */
static const char *const exclusive[] = { "fuse-page", "nfs-page", "smb-page" };

static bool is_exclusive(const struct iq_wait_rule *r)
{
	for (size_t i = 0; i < IQ_ARRAY_SIZE(exclusive); i++)
		if (!strcmp(exclusive[i], r->name))
			return true;
	return false;
}

static const char *shared_function(const struct iq_wait_rule *a, const struct iq_wait_rule *b)
{
	for (size_t i = 0; a->functions[i]; i++)
		for (size_t k = 0; b->functions[k]; k++)
			if (!strcmp(a->functions[i], b->functions[k]))
				return a->functions[i];
	return NULL;
}

typedef IQ_VEC(const struct iq_wait_rule *) rule_vec;

static void all_wait_rules(rule_vec *rules)
{
	for (size_t i = 0; iq_all_rooms[i]; i++)
		for (const struct iq_wait_rule *r = iq_all_rooms[i]->wait_rules; r && r->name; r++)
			iq_vec_push(rules, r);
}

static void wait_rules_of_one_function_say_who_is_asked_first(void **state)
{
	rule_vec rules = { 0 };
	const char *function;
	unsigned num_shared = 0;

	(void)state;
	all_wait_rules(&rules);
	for (size_t i = 0; i < rules.num; i++)
		for (size_t k = i + 1; k < rules.num; k++) {
			const struct iq_wait_rule *a = rules.data[i], *b = rules.data[k];

			function = shared_function(a, b);
			num_shared += function != NULL;
			if (function && a->rank == b->rank && !(is_exclusive(a) && is_exclusive(b)))
				fail_msg("%s and %s both claim %s() at rank %d", a->name, b->name,
					 function, a->rank);
		}
	assert_true(num_shared > 0);
	iq_vec_free(&rules);
}

static void names_of_wait_rules_decide_ties(void **state)
{
	rule_vec rules = { 0 };

	(void)state;
	all_wait_rules(&rules);
	for (size_t i = 0; i < rules.num; i++)
		for (size_t k = i + 1; k < rules.num; k++)
			assert_string_not_equal(rules.data[i]->name, rules.data[k]->name);
	iq_vec_free(&rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wait_rules_of_one_function_say_who_is_asked_first),
		cmocka_unit_test(names_of_wait_rules_decide_ties),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
