/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A module for tests of the language: commands that say what they were given, walkers with known
 * addresses, variables with known content
 */
#ifndef IQ_TESTS_LANGUAGE_TEST_MODULE_H
#define IQ_TESTS_LANGUAGE_TEST_MODULE_H

#include "fakekernel.h"
#include "inquest/module.h"

extern const struct iq_module test_module;

/* Lay out its variables, before the kernel is opened. */
void test_module_memory(struct fakekernel *k);

#endif
