/*
 * net/output.c
 *	  Two buffers: one is written while the other gathers.
 *
 * Thread: submitter only.
 * Owns: both buffers. wire does not move while a write is under way.
 * Invariants: gathered holds whole frames; wire is empty unless writing, but for
 * the moment between wrap and write; a buffer keeps its memory from turn to turn
 * unless one huge frame made it huge.
 *
 * A request is copied once, from its chunk to the output buffer. The copy buys three
 * things. A retry still has the original. Compression and segments transform the
 * copy. No write callback owns a request.
 */
#include "net/output.h"

#include "cql/frame.h"

#define KEPT_CAPACITY ((size_t) 1024 * 1024)

static void
empty_buffer(CqlBuffer *b)
{
	if (b->cap > KEPT_CAPACITY)
		cql_buffer_free(b);
	else
		cql_buffer_reset(b);
}

static void
swap_buffers(CqlBuffer *a, CqlBuffer *b)
{
	CqlBuffer	was = *a;

	*a = *b;
	*b = was;
}

static void
compress_frames(CqlBuffer *out, const CqlBuffer *frames)
{
	size_t		size;

	for (size_t at = 0; at < frames->len; at += size)
	{
		const uint8_t *frame = frames->data + at;

		size = CQL_FRAME_HEADER_SIZE + (size_t) cql_load_u32(frame + 5);
		cql_frame_compress(out, frame, size);
	}
}

bool
net_output_wrap(NetOutput *o, NetWrap wrap)
{
	CORE_ASSERT(!o->writing && o->wire.len == 0);
	if (wrap == NET_WRAP_NONE)
	{
		swap_buffers(&o->wire, &o->gathered);
		return true;
	}
	if (wrap == NET_WRAP_COMPRESS)
		compress_frames(&o->wire, &o->gathered);
	else
		cql_segment_write(&o->wire, o->gathered.data, o->gathered.len, wrap == NET_WRAP_LZ4_SEGMENTS);
	if (o->wire.failed)
	{
		cql_buffer_free(&o->wire);
		return false;
	}
	empty_buffer(&o->gathered);
	return true;
}

void
net_output_replace(NetOutput *o, CqlBuffer *bytes)
{
	CORE_ASSERT(!o->writing);
	empty_buffer(&o->wire);
	swap_buffers(&o->wire, bytes);
}

int
net_output_write(NetOutput *o, uv_stream_t *stream, bool callback_due, uv_write_cb on_written)
{
	uv_buf_t	buf = uv_buf_init((char *) o->wire.data, (unsigned int) o->wire.len);
	int			n = callback_due ? 0 : uv_try_write(stream, &buf, 1);

	CORE_ASSERT(!o->writing);
	if (n == UV_EAGAIN)
		n = 0;
	if (n < 0)
		return n;
	if ((size_t) n == o->wire.len)
	{
		empty_buffer(&o->wire);
		return 0;
	}
	buf.base += n;
	buf.len -= (size_t) n;
	n = uv_write(&o->write, stream, &buf, 1, on_written);
	o->writing = n == 0;
	return n;
}

void
net_output_wipe(NetOutput *o)
{
	cql_buffer_wipe(&o->gathered);
	if (!o->writing)
		cql_buffer_wipe(&o->wire);
}

void
net_output_written(NetOutput *o)
{
	CORE_ASSERT(o->writing);
	o->writing = false;
	empty_buffer(&o->wire);
}

void
net_output_reset(NetOutput *o)
{
	CORE_ASSERT(!o->writing);
	cql_buffer_reset(&o->gathered);
	cql_buffer_reset(&o->wire);
}

void
net_output_free(NetOutput *o)
{
	net_output_reset(o);
	net_output_wipe(o);			/* a password that was refused is still here */
	cql_buffer_free(&o->gathered);
	cql_buffer_free(&o->wire);
}
