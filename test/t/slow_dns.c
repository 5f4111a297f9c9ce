/*
 * For LD_PRELOAD in a server under test: a name service that answers when a test lets it. Looking up
 * "N.slow.invalid" connects to port N of 127.0.0.1, waits until the other end closes, and then fails;
 * names below here.invalid are 127.0.0.1; other names go the usual way.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef int Lookup(const char *, const char *, const struct addrinfo *, struct addrinfo **);

Lookup		getaddrinfo;

static void
wait_for_close(int port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t) port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int			fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char		byte;

	if (connect(fd, (struct sockaddr *) &address, sizeof(address)) == 0)
		while (read(fd, &byte, 1) > 0)
			;
	close(fd);
}

int
getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
	Lookup	   *usual = (Lookup *) dlsym(RTLD_NEXT, "getaddrinfo");

	if (name != NULL && strstr(name, "here.invalid") != NULL)
		return usual("127.0.0.1", service, hints, result);
	if (name == NULL || strstr(name, ".slow.invalid") == NULL)
		return usual(name, service, hints, result);
	wait_for_close(atoi(name));
	return EAI_AGAIN;
}
