/*
 * aborts.h
 *	  A test breaks an invariant in a child process, and sees the child end by
 *	  abort, with the condition on its standard error.
 */
#ifndef ABORTS_H
#define ABORTS_H

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static inline void
run_violation(void (*violate) (void *argument), void *argument, int output)
{
	struct rlimit no_core = {0, 0};

	dup2(output, STDERR_FILENO);
	setrlimit(RLIMIT_CORE, &no_core);
	signal(SIGABRT, SIG_DFL);
	violate(argument);
	_exit(0);
}

/* All that the child writes until it ends, cut to size. */
static inline void
read_output(int fd, char *output, size_t size)
{
	size_t		len = 0;
	ssize_t		n;

	while ((n = read(fd, output + len, size - 1 - len)) > 0)
		len += (size_t) n;
	output[len] = '\0';
}

/* False: the child's end was another, and is told on standard error. */
static inline bool
aborts(void (*violate) (void *argument), void *argument, const char *condition)
{
	char		output[4096];
	int			ends[2];
	int			status;
	pid_t		child;

	if (pipe(ends) != 0)
		return false;
	fflush(NULL);
	child = fork();
	if (child == 0)
		run_violation(violate, argument, ends[1]);
	close(ends[1]);
	read_output(ends[0], output, sizeof(output));
	close(ends[0]);
	if (child < 0 || waitpid(child, &status, 0) != child)
		return false;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && strstr(output, condition))
		return true;
	fprintf(stderr, "no abort by \"%s\": status %d, \"%s\"\n", condition, status, output);
	return false;
}

#define assert_aborts(violate, argument, condition) assert_true(aborts(violate, argument, condition))

#endif							/* ABORTS_H */
