/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "request_loop.h"

#include <stdbool.h>
#include <sys/select.h>

#include "channel.h"
#include "log.h"
#include "protocol.h"
#include "tpm_header.h"

/* One byte more than the largest command: what fills it was larger.  */
#define COMMAND_BUFFER_SIZE (VTPM_TPM_MESSAGE_MAX + 1)

struct request_loop
{
  int server_fd; /* -1 once it is gone */
  int channel_fd;
  struct vtpm_engine *engine;
  bool done;
  uint8_t command[COMMAND_BUFFER_SIZE];
};

/* What is sent back: either the engine's memory or OWN.  */
struct response
{
  const uint8_t *data;
  size_t size;
  uint8_t own[VTPM_TPM_HEADER_SIZE];
};

static void
set_success (const struct request_loop *loop, struct response *response)
{
  vtpm_tpm_success_response (vtpm_engine_version (loop->engine), response->own);
  response->data = response->own;
  response->size = sizeof (response->own);
}

static void
set_refusal (const struct request_loop *loop, enum vtpm_tpm_refusal refusal,
             struct response *response)
{
  vtpm_tpm_refusal_response (vtpm_engine_version (loop->engine), refusal, response->own);
  response->data = response->own;
  response->size = sizeof (response->own);
}

static void
answer_set_locality (struct request_loop *loop, uint8_t locality, struct response *response)
{
  if (locality > VTPM_ENGINE_LOCALITY_MAX)
    {
      set_refusal (loop, VTPM_TPM_REFUSE_LOCALITY, response);
      return;
    }
  vtpm_engine_set_locality (loop->engine, locality);
  set_success (loop, response);
}

static void
answer (struct request_loop *loop, size_t size, struct response *response)
{
  _cleanup_error_ struct vtpm_error *error = NULL;
  uint8_t locality;

  if (size > VTPM_TPM_MESSAGE_MAX)
    set_refusal (loop, VTPM_TPM_REFUSE_SIZE, response);
  else if (vtpm_tpm_is_set_locality (loop->command, size, &locality))
    answer_set_locality (loop, locality, response);
  else if (vtpm_engine_process (loop->engine, loop->command, size, &response->data,
                                &response->size, &error)
           < 0)
    {
      vtpm_log (VTPM_LOG_WARNING, "%s", vtpm_error_message (error));
      set_refusal (loop, VTPM_TPM_REFUSE_FAILURE, response);
    }
}

static int
lose_server (struct request_loop *loop, struct vtpm_error **error)
{
  loop->server_fd = -1;
  return vtpm_channel_send (loop->channel_fd, VTPM_EMULATOR_SERVER_GONE, NULL, 0, error);
}

static bool
means_gone (int errnum)
{
  return errnum == EPIPE || errnum == ECONNRESET;
}

/* One write(2), always: for the vTPM proxy each write is a whole response.  */
static int
send_response (struct request_loop *loop, const struct response *response,
               struct vtpm_error **error)
{
  ssize_t written;

  do
    written = write (loop->server_fd, response->data, response->size);
  while (written < 0 && errno == EINTR);
  if (written >= 0)
    return 0;
  if (means_gone (errno))
    return lose_server (loop, error);
  if (errno != EIO)
    return vtpm_error_set (error, errno, "cannot write a response of %zu bytes", response->size);
  vtpm_log (VTPM_LOG_DEBUG, "nobody waits for the response any more");
  return 0;
}

static int
serve_request (struct request_loop *loop, struct vtpm_error **error)
{
  struct response response;
  ssize_t size = read (loop->server_fd, loop->command, sizeof (loop->command));

  if (size < 0 && (errno == EINTR || errno == EAGAIN))
    return 0;
  if (size == 0 || (size < 0 && means_gone (errno)))
    return lose_server (loop, error);
  if (size < 0)
    return vtpm_error_set (error, errno, "cannot read a command");
  answer (loop, (size_t) size, &response);
  return send_response (loop, &response, error);
}

static int
stop (struct request_loop *loop, struct vtpm_error **error)
{
  loop->done = true;
  return vtpm_engine_shut_down (loop->engine, error);
}

static int
serve_supervisor (struct request_loop *loop, struct vtpm_error **error)
{
  struct vtpm_message message;

  switch (vtpm_channel_receive (loop->channel_fd, &message, error))
    {
    case VTPM_RECEIVE_CLOSED:
      return stop (loop, error);
    case VTPM_RECEIVE_WOULD_BLOCK:
      return 0;
    case VTPM_RECEIVE_MESSAGE:
      break;
    case VTPM_RECEIVE_FAILED:
    default:
      return vtpm_error_wrap (error, "supervisor");
    }
  if (message.type != VTPM_EMULATOR_STOP || message.length != 0)
    return vtpm_error_set_plain (error, EPROTO, "message 0x%x with %zu bytes from the supervisor",
                                 message.type, message.length);
  if (stop (loop, error) < 0)
    return -1;
  return vtpm_channel_send (loop->channel_fd, VTPM_EMULATOR_STOPPED, NULL, 0, error);
}

/* select, not poll: poll(2) refuses more descriptors than RLIMIT_NOFILE says
   (EINVAL), and the sandbox sets that to 0.  A hangup makes a descriptor
   readable; what read(2) then says tells the rest.  */
static int
wait_for_input (const struct request_loop *loop, fd_set *readable, struct vtpm_error **error)
{
  int highest = loop->server_fd > loop->channel_fd ? loop->server_fd : loop->channel_fd;
  int ready;

  do
    {
      FD_ZERO (readable);
      FD_SET (loop->channel_fd, readable);
      if (loop->server_fd >= 0)
        FD_SET (loop->server_fd, readable);
      ready = select (highest + 1, readable, NULL, NULL, NULL);
    }
  while (ready < 0 && errno == EINTR);
  if (ready < 0)
    return vtpm_error_set (error, errno, "cannot wait for a command");
  return 0;
}

int
vtpm_request_loop_run (int server_fd, int channel_fd, struct vtpm_engine *engine,
                       struct vtpm_error **error)
{
  struct request_loop loop = {
    .server_fd = server_fd,
    .channel_fd = channel_fd,
    .engine = engine,
  };

  while (!loop.done)
    {
      fd_set readable;

      if (wait_for_input (&loop, &readable, error) < 0)
        return -1;
      /* The supervisor first: a container that never pauses cannot put off the
         order to stop.  */
      if (FD_ISSET (channel_fd, &readable))
        {
          if (serve_supervisor (&loop, error) < 0)
            return -1;
        }
      else if (loop.server_fd >= 0 && FD_ISSET (loop.server_fd, &readable)
               && serve_request (&loop, error) < 0)
        return -1;
    }
  return 0;
}
