/*
 * net/failure.c
 *	  Messages that may quote a node, and a node may send anything.
 *
 * Thread: submitter only.
 * Owns: nothing.
 * Invariant: the message is always terminated and valid UTF-8.
 */
#include "net/failure.h"

#include <stdio.h>
#include <string.h>

#include "cql/value.h"

#define LONGEST_CHARACTER 4

/* cut: there was no room for all of it, so the end may be a part of a character. */
static void
make_valid(char *message, bool cut)
{
	int			tries = cut ? LONGEST_CHARACTER : 1;

	for (size_t n = strlen(message); n > 0 && tries > 0; n--, tries--)
	{
		if (cql_utf8_valid((const uint8_t *) message, n))
		{
			message[n] = '\0';
			return;
		}
	}
	for (char *p = message; *p; p++)
	{
		if (*p & 0x80)
			*p = '?';
	}
}

void
net_failure_setv(NetFailure *f, NetFailureKind kind, const char *format, va_list args)
{
	int			n = vsnprintf(f->message, sizeof(f->message), format, args);

	f->kind = kind;
	if (n < 0)
		f->message[0] = '\0';
	make_valid(f->message, n >= (int) sizeof(f->message));
}

void
net_failure_set(NetFailure *f, NetFailureKind kind, const char *format,...)
{
	va_list		args;

	va_start(args, format);
	net_failure_setv(f, kind, format, args);
	va_end(args);
}
