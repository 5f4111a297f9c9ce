/*
 * test/node/main.c
 *	  The node as a program: cql_node [--null] [SCRIPT_FILE | -e LINE]...
 *
 * Thread: the main one reads orders from stdin; the node has its own.
 * Owns: the node. Prints "ready ADDRESS PORT", then for each line of stdin "ok"
 * or "error: ..."; ends with stdin.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

#include "internal.h"

static int
usage(void)
{
	fprintf(stderr, "usage: cql_node [--null] [SCRIPT_FILE | -e LINE]...\n");
	return 2;
}

static bool
add_file(CqlBuffer *script, const char *path)
{
	FILE	   *file = fopen(path, "r");
	char		block[4096];
	size_t		n;
	bool		ok;

	if (file == NULL)
	{
		perror(path);
		return false;
	}
	while ((n = fread(block, 1, sizeof(block), file)) > 0)
		cql_put_raw(script, block, n);
	ok = !ferror(file);
	fclose(file);
	return ok;
}

static bool
add_arguments(CqlBuffer *script, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
	{
		if (strcmp(argv[i], "--null") == 0)
			cql_put_raw(script, "null on", 7);
		else if (strcmp(argv[i], "-e") == 0 && i + 1 < argc)
		{
			i++;
			cql_put_raw(script, argv[i], strlen(argv[i]));
		}
		else if (argv[i][0] == '-' || !add_file(script, argv[i]))
			return false;
		cql_put_u8(script, '\n');
	}
	cql_put_u8(script, '\0');
	return !script->failed;
}

static void
obey(Node *node, const char *line)
{
	if (strcmp(line, "report") == 0)
	{
		NodeReport	report;
		CqlBuffer	text = {0};

		node_report(node, &report);
		node_report_lines(&report, &text);
		fwrite(text.data, 1, text.len, stdout);
		cql_buffer_free(&text);
		puts("ok");
	}
	else if (node_order(node, "%s", line))
		puts("ok");
	else
		printf("error: %s\n", node_error(node));
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	CqlBuffer	script = {0};
	char		error[256];
	char	   *line = NULL;
	size_t		size = 0;
	ssize_t		len;
	Node	   *node;

	if (!add_arguments(&script, argc, argv))
		return usage();
	node = node_start((const char *) script.data, error, sizeof(error));
	cql_buffer_free(&script);
	if (node == NULL)
	{
		fprintf(stderr, "cql_node: %s\n", error);
		return 1;
	}
	printf("ready %s %d\n", node_address(node), node_port(node));
	fflush(stdout);
	while ((len = getline(&line, &size, stdin)) >= 0)
	{
		while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
			line[--len] = '\0';
		obey(node, line);
	}
	free(line);
	node_stop(node);
	return 0;
}
