/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Replays a fuzz target's corpus as an ordinary test: calls it with each file
 * of the folders named, and with each cut off at some places. Without a corpus
 * a fuzzer is needed: clang -fsanitize=fuzzer links the same target to its own main().
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { MAX_FILE = 16 << 20 };

/* A buffer of exactly this size, so that a sanitizer sees reads beyond it. */
static void feed(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	if (!copy)
		abort();
	for (size_t i = 0; i < len; i++)
		copy[i] = data[i];
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

static int replay(const char *path)
{
	uint8_t *data = malloc(MAX_FILE);
	FILE *f = fopen(path, "rb");
	size_t len;

	if (!data || !f) {
		perror(path);
		free(data);
		if (f)
			fclose(f);
		return 1;
	}
	len = fread(data, 1, MAX_FILE, f);
	fclose(f);
	feed(data, len);
	for (unsigned i = 0; i < 16; i++)
		feed(data, len * i / 16);
	/* One bit wrong, in the first bytes where formats keep what matters. */
	for (size_t i = 0; i < len && i < 512; i++) {
		data[i] ^= (uint8_t)(1U << i % 8);
		feed(data, len);
		data[i] ^= (uint8_t)(1U << i % 8);
	}
	free(data);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned num = 0;

	for (int i = 1; i < argc; i++) {
		DIR *dir = opendir(argv[i]);
		struct dirent *entry;

		if (!dir) {
			perror(argv[i]);
			return 1;
		}
		while ((entry = readdir(dir))) {
			char path[4096];

			if (entry->d_name[0] == '.')
				continue;
			snprintf(path, sizeof(path), "%s/%s", argv[i], entry->d_name);
			if (replay(path))
				return 1;
			num++;
		}
		closedir(dir);
	}
	printf("%u inputs\n", num);
	return num ? 0 : 1;
}
