/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "control_server.h"

#include <stdbool.h>
#include <sys/socket.h>

#include "channel.h"
#include "log.h"
#include "protocol.h"

/* More than any operator needs; further ones are turned away.  */
#define CLIENTS_MAX 16
#define STATUS_SIZE 1024

struct client
{
  struct vtpm_control_server *server;
  struct vtpm_event_source source; /* its descriptor is -1 when the slot is free */
};

struct vtpm_control_server
{
  struct vtpm_event_loop *loop;
  const struct vtpm_control_ops *ops;
  void *context;
  struct vtpm_event_source listener;
  struct client clients[CLIENTS_MAX];
};

static int
answer_status (struct client *client)
{
  struct vtpm_control_server *server = client->server;
  char text[STATUS_SIZE];

  server->ops->get_status (server->context, text, sizeof (text));
  return vtpm_channel_send_text (client->source.fd, VTPM_CONTROL_STATUS_IS, text, NULL);
}

static int
answer_stop (struct client *client)
{
  struct vtpm_control_server *server = client->server;
  int result = vtpm_channel_send (client->source.fd, VTPM_CONTROL_STOPPING, NULL, 0, NULL);

  server->ops->stop (server->context);
  return result;
}

static int
answer_resume (struct client *client)
{
  struct vtpm_control_server *server = client->server;
  char why[STATUS_SIZE];

  if (server->ops->resume (server->context, why, sizeof (why)))
    return vtpm_channel_send (client->source.fd, VTPM_CONTROL_RESUMING, NULL, 0, NULL);
  return vtpm_channel_send_text (client->source.fd, VTPM_CONTROL_REFUSED, why, NULL);
}

static const struct
{
  uint32_t type;
  int (*answer) (struct client *client);
} requests[] = {
  { VTPM_CONTROL_STATUS, answer_status },
  { VTPM_CONTROL_STOP, answer_stop },
  { VTPM_CONTROL_RESUME, answer_resume },
};

static int
answer (struct client *client, const struct vtpm_message *message)
{
  if (message->length == 0)
    for (size_t i = 0; i < sizeof (requests) / sizeof (requests[0]); i++)
      if (requests[i].type == message->type)
        return requests[i].answer (client);
  vtpm_log (VTPM_LOG_WARNING, "control socket: a client sent message type %#x with %zu bytes",
            (unsigned int) message->type, message->length);
  return -1;
}

static void
handle_client (void *context)
{
  struct client *client = context;
  struct vtpm_message message;
  int result = -1;

  switch (vtpm_channel_receive (client->source.fd, &message, NULL))
    {
    case VTPM_RECEIVE_MESSAGE:
      result = answer (client, &message);
      break;
    case VTPM_RECEIVE_WOULD_BLOCK:
      return;
    case VTPM_RECEIVE_CLOSED:
    case VTPM_RECEIVE_FAILED:
      break;
    }
  if (result < 0)
    vtpm_event_loop_drop (client->server->loop, &client->source);
}

/* The socket's directory lets nobody else in; this also holds if that is
   changed by hand.  */
static bool
is_allowed (int fd)
{
  struct ucred peer;
  socklen_t size = sizeof (peer);

  return getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0
         && (peer.uid == 0 || peer.uid == geteuid ());
}

static struct client *
find_free_slot (struct vtpm_control_server *server)
{
  for (size_t i = 0; i < CLIENTS_MAX; i++)
    if (server->clients[i].source.fd < 0)
      return &server->clients[i];
  return NULL;
}

static void
handle_listener (void *context)
{
  struct vtpm_control_server *server = context;
  _cleanup_close_ int fd = accept4 (server->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  struct client *client = find_free_slot (server);

  if (fd < 0 || client == NULL || !is_allowed (fd))
    return;
  client->server = server;
  client->source = (struct vtpm_event_source) {
    .fd = vtpm_steal_fd (&fd),
    .handle = handle_client,
    .context = client,
  };
  if (vtpm_event_loop_add (server->loop, &client->source, NULL) < 0)
    vtpm_cleanup_close (&client->source.fd);
}

int
vtpm_control_server_open (struct vtpm_event_loop *loop, int listen_fd,
                          const struct vtpm_control_ops *ops, void *context,
                          struct vtpm_control_server **server, struct vtpm_error **error)
{
  _cleanup_close_ int fd = listen_fd;
  _cleanup_free_ struct vtpm_control_server *made = malloc (sizeof (*made));

  if (made == NULL)
    return vtpm_error_set (error, ENOMEM, "cannot serve the control socket");
  *made = (struct vtpm_control_server) {
    .loop = loop,
    .ops = ops,
    .context = context,
    .listener = { .fd = fd, .handle = handle_listener, .context = made },
  };
  for (size_t i = 0; i < CLIENTS_MAX; i++)
    made->clients[i].source.fd = -1;
  if (vtpm_event_loop_add (loop, &made->listener, error) < 0)
    return -1;
  vtpm_steal_fd (&fd);
  *server = vtpm_steal_pointer (&made);
  return 0;
}

void
vtpm_control_server_close (struct vtpm_control_server *server)
{
  if (server == NULL)
    return;
  for (size_t i = 0; i < CLIENTS_MAX; i++)
    vtpm_event_loop_drop (server->loop, &server->clients[i].source);
  vtpm_event_loop_drop (server->loop, &server->listener);
  free (server);
}
