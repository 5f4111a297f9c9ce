/*
 * net/failure.h
 *	  Why a connection ended.
 *
 * Submitter thread only.
 */
#ifndef NET_FAILURE_H
#define NET_FAILURE_H

#include <stdarg.h>

typedef enum NetFailureKind
{
	NET_FAIL_NONE,				/* closed by net_connection_close */
	NET_FAIL_CONNECT,			/* refused, unreachable; or overloaded, bootstrapping ... */
	NET_FAIL_TIMEOUT,			/* connect_timeout, no answer to a heartbeat, too many orphans */
	NET_FAIL_CREDENTIALS,		/* 0x0100, or the node asks for a password and there is none */
	NET_FAIL_PROTOCOL,			/* garbage, bad CRC, unknown stream, ERROR on stream 0 */
	NET_FAIL_VERSION,			/* the version asked for is not spoken */
	NET_FAIL_PORT,				/* another socket has the port of this end that was asked for */
	NET_FAIL_CLOSED,			/* end of stream or reset by the peer */
	NET_FAIL_MEMORY
} NetFailureKind;

typedef struct NetFailure
{
	NetFailureKind kind;
	char		message[512];	/* NUL-terminated, valid UTF-8, no secret */
} NetFailure;

/* The message is cut where it does not fit; bytes that are not UTF-8 become '?'. */
extern void net_failure_setv(NetFailure *f, NetFailureKind kind, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));
extern void net_failure_set(NetFailure *f, NetFailureKind kind, const char *format,...)
	__attribute__((format(printf, 3, 4)));

#endif							/* NET_FAILURE_H */
