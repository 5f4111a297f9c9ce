/*
 * net/output.h
 *	  What a connection has to say: frames gather and leave in one write at a time.
 *
 * Submitter thread only.
 *
 *	 frames -> gathered -> net_output_wrap -> wire -> net_output_write -> socket
 *
 * With TLS, net/tls makes records of wire, which take its place (net_output_replace).
 */
#ifndef NET_OUTPUT_H
#define NET_OUTPUT_H

#include <uv.h>

#include "cql/buffer.h"

/* The form in which the node expects frames now. */
typedef enum NetWrap
{
	NET_WRAP_NONE,
	NET_WRAP_COMPRESS,			/* v3, v4: each frame with an lz4 body */
	NET_WRAP_SEGMENTS,			/* v5 */
	NET_WRAP_LZ4_SEGMENTS
} NetWrap;

/* Zero-initialise, then set write.data. */
typedef struct NetOutput
{
	CqlBuffer	gathered;		/* whole frames, not yet handed to the socket; appended to by the owner */
	CqlBuffer	wire;			/* bytes of the write under way, else empty */
	uv_write_t	write;
	bool		writing;		/* until net_output_written */
} NetOutput;

/* Moves gathered to wire; not while writing. False: out of memory, and gathered is as it was. */
extern bool net_output_wrap(NetOutput *o, NetWrap wrap);

/* Other bytes take the place of what is in wire, and wire's memory that of theirs; not while writing. */
extern void net_output_replace(NetOutput *o, CqlBuffer *bytes);

/*
 * Hands wire to the socket. Mostly it takes all at once and there is no callback;
 * callback_due: there is one in any case. Returns 0 or a libuv error.
 */
extern int	net_output_write(NetOutput *o, uv_stream_t *stream, bool callback_due, uv_write_cb on_written);

/* Overwrites what has been said, but for what waits to be said or is being written: a password was in it. */
extern void net_output_wipe(NetOutput *o);

extern void net_output_written(NetOutput *o);	/* to be called by on_written */
extern void net_output_reset(NetOutput *o); /* forget everything; not while writing */
extern void net_output_free(NetOutput *o);

#endif							/* NET_OUTPUT_H */
