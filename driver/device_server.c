/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "device_server_internal.h"

#include <string.h>
#include <time.h>

#include "log.h"

static const struct vtpm_device_protocol *const protocols[] = {
  &vtpm_device_protocol_cuse,
  &vtpm_device_protocol_fuse,
};

static const struct vtpm_device_protocol *
find (const char *driver)
{
  for (size_t i = 0; i < sizeof (protocols) / sizeof (protocols[0]); i++)
    if (strcmp (protocols[i]->name, driver) == 0)
      return protocols[i];
  return NULL;
}

bool
vtpm_device_server_is_needed (const char *driver)
{
  return find (driver) != NULL;
}

__attribute__ ((format (printf, 2, 0))) static void
pass_log_on (enum fuse_log_level level, const char *format, va_list arguments)
{
  char line[VTPM_LOG_LINE_MAX];

  vsnprintf (line, sizeof (line), format, arguments);
  line[strcspn (line, "\n")] = '\0';
  vtpm_log (level <= FUSE_LOG_ERR ? VTPM_LOG_ERROR : VTPM_LOG_DEBUG, "%s", line);
}

/* A request that waits is its own waiter.  */
static void
end_write (void *context, struct vtpm_client_waiter *waiter, ssize_t result)
{
  fuse_req_t request = (fuse_req_t) waiter;

  (void) context;
  if (result < 0)
    fuse_reply_err (request, (int) -result);
  else
    fuse_reply_write (request, (size_t) result);
}

static void
wake (void *context)
{
  struct vtpm_device_server *server = context;
  struct fuse_pollhandle *poller = vtpm_steal_pointer (&server->poller);

  if (poller == NULL)
    return;
  fuse_lowlevel_notify_poll (poller);
  fuse_pollhandle_destroy (poller);
}

static int64_t
get_now (void *context)
{
  struct timespec now;

  (void) context;
  clock_gettime (CLOCK_MONOTONIC, &now);
  return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
submit (void *context, const uint8_t *command, size_t size)
{
  struct vtpm_device_server *server = context;

  server->submit (server->submit_context, command, size);
}

static const struct vtpm_client_device_ops client_ops = {
  .submit = submit,
  .end_write = end_write,
  .wake = wake,
  .now = get_now,
};

/* libfuse takes a descriptor that somebody else has opened under this name.  */
static int
start_session (struct vtpm_device_server *server, const struct vtpm_device_protocol *protocol,
               struct vtpm_error **error)
{
  char name[32];

  fuse_set_log_func (pass_log_on);
  server->session = protocol->open (server);
  if (server->session == NULL)
    return vtpm_error_set (error, ENOMEM, "%s: cannot make a session", protocol->name);
  snprintf (name, sizeof (name), "/dev/fd/%d", server->settings.fd);
  if (fuse_session_mount (server->session, name) < 0)
    return vtpm_error_set (error, 0, "%s: cannot take descriptor %d", protocol->name,
                           server->settings.fd);
  return 0;
}

int
vtpm_device_server_open (const char *driver,
                         const struct vtpm_device_server_settings *settings,
                         void (*submit_command) (void *context, const uint8_t *command,
                                                 size_t size),
                         void *context, struct vtpm_device_server **server,
                         struct vtpm_error **error)
{
  const struct vtpm_device_protocol *protocol = find (driver);
  struct vtpm_device_server *made = calloc (1, sizeof (*made));

  if (made == NULL)
    return vtpm_error_set (error, ENOMEM, "cannot serve the client side");
  made->settings = *settings;
  made->opened_at = time (NULL);
  made->submit = submit_command;
  made->submit_context = context;
  made->device = vtpm_client_device_new (settings->version, &client_ops, made);
  if (made->device == NULL || start_session (made, protocol, error) < 0)
    {
      if (made->device == NULL)
        vtpm_error_set (error, ENOMEM, "cannot serve the client side");
      vtpm_device_server_close (made);
      return -1;
    }
  *server = made;
  return 0;
}

void
vtpm_device_server_close (struct vtpm_device_server *server)
{
  if (server == NULL)
    return;
  vtpm_client_device_free (server->device);
  if (server->poller != NULL)
    fuse_pollhandle_destroy (server->poller);
  if (server->session != NULL)
    fuse_session_destroy (server->session);
  free (server->buffer.mem);
  free (server);
}

int
vtpm_device_server_fd (const struct vtpm_device_server *server)
{
  return fuse_session_fd (server->session);
}

bool
vtpm_device_server_serve (struct vtpm_device_server *server)
{
  int got = fuse_session_receive_buf (server->session, &server->buffer);

  if (got > 0)
    fuse_session_process_buf (server->session, &server->buffer);
  /* 0: unmounted. An interrupted or withdrawn question is none.  */
  return (got > 0 || got == -EINTR || got == -EAGAIN || got == -ENOENT)
         && !fuse_session_exited (server->session);
}

void
vtpm_device_server_answer (struct vtpm_device_server *server, const uint8_t *response, size_t size)
{
  vtpm_client_device_answer (server->device, response, size);
}

/* What both protocols ask of an open file.  */

void
vtpm_device_server_open_file (struct vtpm_device_server *server, fuse_req_t request,
                              struct fuse_file_info *info)
{
  struct vtpm_client_file *file;
  int result = vtpm_client_file_open (server->device, &file);

  if (result < 0)
    {
      fuse_reply_err (request, -result);
      return;
    }
  info->fh = (uint64_t) (uintptr_t) file;
  info->direct_io = 1;
  info->nonseekable = 1;
  /* The client was killed meanwhile, and release will not be called.  */
  if (fuse_reply_open (request, info) == -ENOENT)
    vtpm_client_file_release (file);
}

static struct vtpm_client_file *
get_file (const struct fuse_file_info *info)
{
  return (struct vtpm_client_file *) (uintptr_t) info->fh;
}

void
vtpm_device_server_release_file (fuse_req_t request, const struct fuse_file_info *info)
{
  vtpm_client_file_release (get_file (info));
  fuse_reply_err (request, 0);
}

void
vtpm_device_server_read (fuse_req_t request, size_t size, const struct fuse_file_info *info)
{
  const uint8_t *data = NULL;
  ssize_t got = vtpm_client_file_read (get_file (info), size, &data);

  if (got < 0)
    fuse_reply_err (request, (int) -got);
  else
    fuse_reply_buf (request, (const char *) data, (size_t) got);
}

void
vtpm_device_server_write (fuse_req_t request, const char *data, size_t size,
                          const struct fuse_file_info *info)
{
  bool nonblocking = (info->flags & O_NONBLOCK) != 0;
  ssize_t written = vtpm_client_file_write (get_file (info), data, size, nonblocking,
                                            (struct vtpm_client_waiter *) request);

  if (written != VTPM_CLIENT_WRITE_WAITS)
    end_write (NULL, (struct vtpm_client_waiter *) request, written);
}

void
vtpm_device_server_poll (struct vtpm_device_server *server, fuse_req_t request,
                         const struct fuse_file_info *info, struct fuse_pollhandle *poller)
{
  if (poller != NULL)
    {
      if (server->poller != NULL)
        fuse_pollhandle_destroy (server->poller);
      server->poller = poller;
    }
  fuse_reply_poll (request, vtpm_client_file_poll (get_file (info)));
}
