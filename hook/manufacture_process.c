/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "manufacture_process.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "channel.h"
#include "child.h"
#include "protocol.h"
#include "tpm_seed.h"

#define PROGRAM VTPM_LIBEXEC_DIR "/vtpm-manufacture"

static int
execute (const struct vtpm_manufacture_start *start, struct vtpm_error **error)
{
  const char *program = start->program != NULL ? start->program : PROGRAM;
  char banks[VTPM_SET_TEXT_SIZE], eks[VTPM_SET_TEXT_SIZE];
  const char *arguments[] = {
    "vtpm-manufacture", "--tpm-version", vtpm_tpm_version_name (start->spec.version),
    NULL, NULL, NULL, NULL, NULL,
  };
  size_t count = 3;
  char *const environment[] = { NULL };

  if (start->spec.pcr_banks != 0)
    {
      arguments[count++] = "--pcr-banks";
      arguments[count++] = vtpm_pcr_banks_format (start->spec.pcr_banks, banks);
    }
  if (start->spec.eks != 0)
    {
      arguments[count++] = "--ek";
      arguments[count] = vtpm_key_types_format (start->spec.eks, eks);
    }
  execve (program, (char *const *) arguments, environment);
  return vtpm_error_set (error, errno, "cannot execute %s", program);
}

/* The child between fork and exec, which is root until vtpm_user_become.  */
static __attribute__ ((__noreturn__)) void
become_manufacture (const struct vtpm_manufacture_start *start, int channel_fd, int seed_fd,
                    int ca_fd)
{
  const int fds[] = {
    [VTPM_FD_MANUFACTURE_CHANNEL - VTPM_FD_MANUFACTURE_CHANNEL] = channel_fd,
    [VTPM_FD_MANUFACTURE_SEED - VTPM_FD_MANUFACTURE_CHANNEL] = seed_fd,
    [VTPM_FD_MANUFACTURE_CA - VTPM_FD_MANUFACTURE_CHANNEL] = ca_fd,
  };
  const size_t count = sizeof (fds) / sizeof (fds[0]) - (ca_fd < 0);
  struct vtpm_error *error = NULL;
  int report_fd = channel_fd;

  vtpm_child_reset_signals ();
  umask (077);
  if (vtpm_child_arrange_descriptors (fds, count, VTPM_CHILD_STDIO_CLOSED, &error) == 0)
    {
      report_fd = VTPM_FD_MANUFACTURE_CHANNEL;
      if (vtpm_user_become (start->user, &error) == 0)
        execute (start, &error);
    }
  vtpm_channel_send_text (report_fd, VTPM_MANUFACTURE_FAILED, vtpm_error_message (error), NULL);
  _exit (127);
}

/* *SAID is false when it ended, or its time was over, without a word.  */
static int
hear (int channel_fd, vtpm_deadline deadline, struct vtpm_message *message, bool *said,
      struct vtpm_error **error)
{
  struct pollfd wait = { .fd = channel_fd, .events = POLLIN };
  int ready;

  *said = false;
  do
    ready = poll (&wait, 1, vtpm_deadline_left (deadline));
  while (ready < 0 && errno == EINTR);
  if (ready < 0)
    return vtpm_error_set (error, errno, "cannot wait for vtpm-manufacture");
  if (ready == 0)
    return vtpm_error_set_plain (error, ETIMEDOUT, "vtpm-manufacture did not finish in time");
  switch (vtpm_channel_receive (channel_fd, message, error))
    {
    case VTPM_RECEIVE_MESSAGE:
      *said = true;
      return 0;
    case VTPM_RECEIVE_FAILED:
      return vtpm_error_wrap (error, "vtpm-manufacture");
    case VTPM_RECEIVE_CLOSED:
    case VTPM_RECEIVE_WOULD_BLOCK:
    default:
      return 0;
    }
}

static int
report_end (int status, struct vtpm_error **error)
{
  if (WIFSIGNALED (status))
    return vtpm_error_set_plain (error, ECHILD,
                                 "vtpm-manufacture ended unexpectedly: killed by signal %d (%s)",
                                 WTERMSIG (status), strsignal (WTERMSIG (status)));
  return vtpm_error_set_plain (error, ECHILD, "vtpm-manufacture ended unexpectedly: exit status %d",
                               WEXITSTATUS (status));
}

static int
take_result (const struct vtpm_message *message, size_t *size, struct vtpm_error **error)
{
  uint64_t made;

  if (message->type == VTPM_MANUFACTURE_FAILED)
    return vtpm_error_set (error, 0, "cannot make the TPM: %s", (const char *) message->payload);
  if (message->type != VTPM_MANUFACTURE_MADE || message->length != sizeof (made))
    return vtpm_error_set_plain (error, EPROTO, "vtpm-manufacture sent message type %#x with %zu bytes",
                                 (unsigned int) message->type, message->length);
  memcpy (&made, message->payload, sizeof (made));
  if (made == 0 || made > VTPM_TPM_SEED_MAX)
    return vtpm_error_set_plain (error, EPROTO, "vtpm-manufacture made a state of %ju bytes",
                                 (uintmax_t) made);
  *size = (size_t) made;
  return 0;
}

/* It has ended when this returns, without which the memory could not be sealed.  Who has
   said something has nothing more to do.  */
static int
await (pid_t pid, int channel_fd, vtpm_deadline deadline, size_t *size, struct vtpm_error **error)
{
  struct vtpm_message message;
  bool said;
  int status = 0;
  int result = hear (channel_fd, deadline, &message, &said, error);

  if (result < 0 || said)
    kill (pid, SIGKILL);
  while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
    continue;
  if (result < 0)
    return -1;
  return said ? take_result (&message, size, error) : report_end (status, error);
}

/* Its certificates, if any, come from CA_FD.  */
static int
run (const struct vtpm_manufacture_start *start, int ca_fd, vtpm_deadline deadline, int *seed_fd,
     struct vtpm_error **error)
{
  _cleanup_close_ int seed = -1;
  _cleanup_close_ int ours = -1;
  int channel[2];
  size_t size;
  pid_t pid;

  if (vtpm_tpm_seed_create (&seed, error) < 0 || vtpm_channel_pair (channel, error) < 0)
    return -1;
  ours = channel[0];
  pid = fork ();
  if (pid == 0)
    become_manufacture (start, channel[1], seed, ca_fd);
  vtpm_cleanup_close (&channel[1]);
  if (pid < 0)
    return vtpm_error_set (error, errno, "cannot fork vtpm-manufacture");
  if (await (pid, ours, deadline, &size, error) < 0 || vtpm_tpm_seed_seal (seed, size, error) < 0)
    return -1;
  *seed_fd = vtpm_steal_fd (&seed);
  return 0;
}

int
vtpm_manufacture_process_run (const struct vtpm_manufacture_start *start, vtpm_deadline deadline,
                              int *seed_fd, struct vtpm_error **error)
{
  _cleanup_close_ int ca_fd = -1;
  pid_t ca;
  int result;

  if (start->spec.eks == 0)
    return run (start, -1, deadline, seed_fd, error);
  if (vtpm_ca_process_start (&start->ca, &ca, &ca_fd, error) < 0)
    return -1;
  result = run (start, ca_fd, deadline, seed_fd, error);
  vtpm_ca_process_end (ca);
  return result;
}
