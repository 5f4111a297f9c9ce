/*
 * test/node/main.c
 *	  The node as a program: cql_node [--null] [--ring N [--tokens T]] [SCRIPT_FILE | -e LINE]...
 *
 * Thread: the main one reads orders from stdin; each node has its own.
 * Owns: the nodes. Prints "ready ADDRESS PORT [TLS_PORT]", of the first one, then for each line of stdin "ok"
 * or "error: ..."; ends with stdin.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

#include "internal.h"

/* The program's arguments. */
typedef struct Setup
{
	CqlBuffer	script;
	int			ring;			/* nodes; 0: one, alone */
	int			tokens;			/* of each node of a ring */
} Setup;

static int
usage(void)
{
	fprintf(stderr, "usage: cql_node [--null] [--ring N [--tokens T]] [SCRIPT_FILE | -e LINE]...\n");
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
take_number(const char *text, int most, int *number)
{
	char	   *end;
	long		n = strtol(text, &end, 10);

	*number = (int) n;
	return *end == '\0' && n >= 1 && n <= most;
}

static bool
take_arguments(Setup *setup, int argc, char **argv)
{
	CqlBuffer  *script = &setup->script;

	for (int i = 1; i < argc; i++)
	{
		const char *next = i + 1 < argc ? argv[i + 1] : "";
		bool		pair = argv[i][0] == '-' && strcmp(argv[i], "--null") != 0;

		if (pair && i + 1 == argc)
			return false;
		if (strcmp(argv[i], "--null") == 0)
			cql_put_raw(script, "null on", 7);
		else if (strcmp(argv[i], "-e") == 0)
			cql_put_raw(script, next, strlen(next));
		else if (!(strcmp(argv[i], "--ring") == 0 && take_number(next, NODE_MAX_RING, &setup->ring)) &&
				 !(strcmp(argv[i], "--tokens") == 0 && take_number(next, 256, &setup->tokens)) &&
				 (pair || !add_file(script, argv[i])))
			return false;
		i += pair;
		cql_put_u8(script, '\n');
	}
	cql_put_u8(script, '\0');
	return !script->failed;
}

/* Counters of all these nodes, added up. */
static void
print_report(Node **nodes, int n)
{
	NodeReport	sum = {0};
	CqlBuffer	text = {0};

	for (int i = 0; i < n; i++)
	{
		NodeReport	report;

		node_report(nodes[i], &report);
		node_report_add(&sum, &report);
	}
	node_report_lines(&sum, &text);
	fwrite(text.data, 1, text.len, stdout);
	cql_buffer_free(&text);
}

/* [at N] LINE: for the N-th node of the ring, else for all */
static void
obey(Node **nodes, int n, const char *line)
{
	int			number;
	int			length = 0;
	bool		ok = true;

	if (sscanf(line, "at %d %n", &number, &length) == 1 && length > 0)
	{
		if (number < 1 || number > n)
		{
			printf("error: there is no node %d\n", number);
			fflush(stdout);
			return;
		}
		nodes += number - 1;
		n = 1;
	}
	if (strcmp(line + length, "report") == 0)
		print_report(nodes, n);
	else
		for (int i = 0; ok && i < n; i++)
			if (!(ok = node_order(nodes[i], "%s", line + length)))
				printf("error: %s\n", node_error(nodes[i]));
	if (ok)
		puts("ok");
	fflush(stdout);
}

static void
obey_all(Node **nodes, int n)
{
	char	   *line = NULL;
	size_t		size = 0;
	ssize_t		len;

	while ((len = getline(&line, &size, stdin)) >= 0)
	{
		while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
			line[--len] = '\0';
		obey(nodes, n, line);
	}
	free(line);
}

int
main(int argc, char **argv)
{
	Setup		setup = {.tokens = 1};
	char		error[256];
	Node	   *nodes[NODE_MAX_RING];
	int			n;

	if (!take_arguments(&setup, argc, argv))
		return usage();
	n = setup.ring > 0 ? setup.ring : 1;
	if (setup.ring > 0)
		nodes[0] = node_ring_start(nodes, n, setup.tokens, (char *) setup.script.data, error, sizeof(error)) ? nodes[0] : NULL;
	else
		nodes[0] = node_start((char *) setup.script.data, error, sizeof(error));
	cql_buffer_free(&setup.script);
	if (nodes[0] == NULL)
	{
		fprintf(stderr, "cql_node: %s\n", error);
		return 1;
	}
	printf("ready %s %d", node_address(nodes[0]), node_port(nodes[0]));
	if (node_tls_port(nodes[0]) > 0)
		printf(" %d", node_tls_port(nodes[0]));
	puts("");
	fflush(stdout);
	obey_all(nodes, n);
	for (int i = 0; i < n; i++)
		node_stop(nodes[i]);
	return 0;
}
