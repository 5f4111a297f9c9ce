/*
 * net/failure.c
 *	  Messages that may quote a node, and a node may send anything.
 *
 * Thread: submitter only; no state.
 * Invariant: the message is always terminated and valid UTF-8.
 */
#include "net/failure.h"

#include <stdio.h>
#include <string.h>

#include "cql/value.h"

#define LONGEST_CHARACTER 4

static void
make_valid(char *message)
{
	size_t		len = strlen(message);

	/* Cutting may have left a part of a character at the end. */
	for (size_t cut = 0; cut < LONGEST_CHARACTER && cut <= len; cut++)
	{
		if (cql_utf8_valid((const uint8_t *) message, len - cut))
		{
			message[len - cut] = '\0';
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
	f->kind = kind;
	if (vsnprintf(f->message, sizeof(f->message), format, args) < 0)
		f->message[0] = '\0';
	make_valid(f->message);
}

void
net_failure_set(NetFailure *f, NetFailureKind kind, const char *format,...)
{
	va_list		args;

	va_start(args, format);
	net_failure_setv(f, kind, format, args);
	va_end(args);
}
