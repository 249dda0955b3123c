/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "supervisor_process.h"

#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "channel.h"
#include "child.h"
#include "manufacture_spec.h"
#include "protocol.h"

#define SUPERVISOR VTPM_LIBEXEC_DIR "/vtpm-supervisor"

/* How long an aborted supervisor may take to shut its TPM down before it is
   killed; its device and its emulator end with it in either case.  */
#define ABORT_SECONDS 10u

struct vtpm_supervisor_process
{
  pid_t pid;
  int pidfd;
  int channel_fd;
  bool ready; /* VTPM_START_READY has come */
};

static int
exec_supervisor (const struct vtpm_supervisor_start *start, struct vtpm_error **error)
{
  char pid[16], timeout[16], restarts[16], uid[16], gid[16], mode[16];
  char banks[VTPM_SET_TEXT_SIZE], eks[VTPM_SET_TEXT_SIZE];
  char instance[VTPM_INSTANCE_ID_TEXT_SIZE] = "";
  char *const environment[] = { NULL };

  snprintf (pid, sizeof (pid), "%d", (int) start->container_pid);
  snprintf (timeout, sizeof (timeout), "%u", start->stop_timeout);
  snprintf (restarts, sizeof (restarts), "%u", start->restarts_per_minute);
  snprintf (uid, sizeof (uid), "%u", (unsigned int) start->device_uid);
  snprintf (gid, sizeof (gid), "%u", (unsigned int) start->device_gid);
  snprintf (mode, sizeof (mode), "%04o", (unsigned int) start->device_mode);
  if (start->instance != NULL)
    vtpm_instance_id_format (start->instance, instance);
  const char *arguments[] = {
    "vtpm-supervisor",
    "--container-id", start->container_id,
    "--container-pid", pid,
    "--driver", start->pair->driver->name,
    "--device-name", start->pair->device_name,
    "--device-uid", uid,
    "--device-gid", gid,
    "--device-mode", mode,
    "--tpm-version", vtpm_tpm_version_name (start->version),
    "--stop-timeout", timeout,
    "--restarts-per-minute", restarts,
    "--log-level", vtpm_log_level_name (start->log_level),
    "--state-dir", start->state_dir,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
  };
  size_t count = sizeof (arguments) / sizeof (arguments[0]) - 11;

  if (start->pcr_banks != 0)
    {
      arguments[count++] = "--pcr-banks";
      arguments[count++] = vtpm_pcr_banks_format (start->pcr_banks, banks);
    }
  if (start->eks != 0)
    {
      arguments[count++] = "--ek";
      arguments[count++] = vtpm_key_types_format (start->eks, eks);
    }
  if (start->pooled != NULL)
    {
      arguments[count++] = "--pooled";
      arguments[count++] = start->pooled;
    }
  if (start->instance != NULL)
    {
      arguments[count++] = "--instance";
      arguments[count++] = instance;
      arguments[count++] = "--uuid";
      arguments[count] = start->uuid;
    }
  execve (SUPERVISOR, (char *const *) arguments, environment);
  return vtpm_error_set (error, errno, "cannot execute " SUPERVISOR);
}

/* The child between fork and exec: root until vtpm_user_become.  Its errors
   go where the supervisor's own would.  */
static __attribute__ ((__noreturn__)) void
become_supervisor (const struct vtpm_supervisor_start *start, int channel_fd)
{
  const int fds[] = {
    [VTPM_FD_SERVER - VTPM_FD_SERVER] = start->pair->server_fd,
    [VTPM_FD_CHANNEL - VTPM_FD_SERVER] = channel_fd,
    [VTPM_FD_CONTAINER - VTPM_FD_SERVER] = start->container_pidfd,
    [VTPM_FD_SEED - VTPM_FD_SERVER] = start->seed_fd,
    [VTPM_FD_HOST_KEYS - VTPM_FD_SERVER] = start->host_keys_fd,
  };
  const int last_fd
      = start->instance == NULL && start->pooled == NULL ? VTPM_FD_SEED : VTPM_FD_HOST_KEYS;
  struct vtpm_error *error = NULL;
  int report_fd = channel_fd;

  vtpm_child_reset_signals ();
  umask (077);
  if (setsid () < 0 || chdir ("/") < 0)
    vtpm_error_set (&error, errno, "cannot leave the runtime's session");
  else if (vtpm_child_arrange_descriptors (fds, (size_t) (last_fd - VTPM_FD_SERVER + 1),
                                           VTPM_CHILD_STDIO_NULL, &error)
           == 0)
    {
      report_fd = VTPM_FD_CHANNEL;
      if (vtpm_user_become (start->user, &error) == 0)
        exec_supervisor (start, &error);
    }
  vtpm_channel_send_text (report_fd, VTPM_START_FAILED, vtpm_error_message (error), NULL);
  _exit (127);
}

int
vtpm_supervisor_process_start (const struct vtpm_supervisor_start *start,
                               struct vtpm_supervisor_process **process,
                               struct vtpm_error **error)
{
  _cleanup_free_ struct vtpm_supervisor_process *made = calloc (1, sizeof (*made));
  int channel[2];

  if (made == NULL)
    return vtpm_error_set (error, ENOMEM, "cannot start a supervisor");
  if (vtpm_channel_pair (channel, error) < 0)
    return -1;
  made->pid = fork ();
  if (made->pid == 0)
    become_supervisor (start, channel[1]);
  vtpm_cleanup_close (&channel[1]);
  if (made->pid < 0)
    {
      vtpm_cleanup_close (&channel[0]);
      return vtpm_error_set (error, errno, "cannot fork a supervisor");
    }
  made->channel_fd = channel[0];
  made->pidfd = (int) syscall (SYS_pidfd_open, made->pid, 0);
  *process = vtpm_steal_pointer (&made);
  if ((*process)->pidfd >= 0)
    return 0;
  vtpm_error_set (error, errno, "cannot open a pidfd of the supervisor");
  vtpm_supervisor_process_abort (vtpm_steal_pointer (process));
  return -1;
}

/* Receives one message, which must be of type EXPECTED.  */
static int
expect (struct vtpm_supervisor_process *process, uint32_t expected, struct vtpm_error **error)
{
  struct vtpm_message message;

  switch (vtpm_channel_receive (process->channel_fd, &message, error))
    {
    case VTPM_RECEIVE_MESSAGE:
      break;
    case VTPM_RECEIVE_CLOSED:
      return vtpm_error_set_plain (error, ECHILD, "the supervisor ended before its TPM was usable");
    case VTPM_RECEIVE_WOULD_BLOCK:
    case VTPM_RECEIVE_FAILED:
      return vtpm_error_wrap (error, "the supervisor");
    }
  if (message.type == VTPM_START_FAILED)
    return vtpm_error_set (error, 0, "%s", (const char *) message.payload);
  if (message.type == VTPM_START_DEVICE_DROPPED)
    return vtpm_error_set_plain (error, EAGAIN, "%s", (const char *) message.payload);
  if (message.type != expected)
    return vtpm_error_set_plain (error, EPROTO, "the supervisor sent message type %#x",
                                 (unsigned int) message.type);
  return 0;
}

/* Waits until one of COUNT descriptors is readable.  */
static int
wait_readable (struct pollfd *waits, nfds_t count, vtpm_deadline deadline, const char *what,
               struct vtpm_error **error)
{
  int ready;

  do
    ready = poll (waits, count, vtpm_deadline_left (deadline));
  while (ready < 0 && errno == EINTR);
  if (ready < 0)
    return vtpm_error_set (error, errno, "cannot wait for the supervisor");
  if (ready == 0)
    return vtpm_error_set_plain (error, ETIMEDOUT, "%s in time", what);
  return 0;
}

int
vtpm_supervisor_process_wait_usable (struct vtpm_supervisor_process *process,
                                     struct vtpm_pair *pair, vtpm_deadline deadline,
                                     struct vtpm_error **error)
{
  bool usable = false;

  while (!process->ready || !usable)
    {
      /* A supervisor that is ready has nothing more to say but that it
         failed, so its descriptor stays in the set.  */
      struct pollfd waits[] = {
        { .fd = process->channel_fd, .events = POLLIN },
        { .fd = pair->driver->event_fd (pair), .events = POLLIN },
      };

      if (wait_readable (waits, 2, deadline,
                         process->ready ? "the kernel did not register the device"
                                        : "the emulator did not answer",
                         error)
          < 0)
        return -1;
      if (waits[0].revents != 0)
        {
          if (expect (process, VTPM_START_READY, error) < 0)
            return -1;
          process->ready = true;
        }
      if (pair->driver->is_usable (pair, &usable, error) < 0)
        return -1;
    }
  return 0;
}

int
vtpm_supervisor_process_record (struct vtpm_supervisor_process *process, const char *text,
                                vtpm_deadline deadline, struct vtpm_error **error)
{
  struct pollfd wait = { .fd = process->channel_fd, .events = POLLIN };

  if (vtpm_channel_send_text (process->channel_fd, VTPM_START_RECORD, text, error) < 0
      || wait_readable (&wait, 1, deadline, "the supervisor did not record the vTPM", error) < 0)
    return -1;
  return expect (process, VTPM_START_RECORDED, error);
}

void
vtpm_supervisor_process_release (struct vtpm_supervisor_process *process)
{
  if (process == NULL)
    return;
  vtpm_cleanup_close (&process->channel_fd);
  vtpm_cleanup_close (&process->pidfd);
  free (process);
}

void
vtpm_supervisor_process_abort (struct vtpm_supervisor_process *process)
{
  vtpm_deadline deadline = vtpm_deadline_after_seconds (ABORT_SECONDS);
  struct pollfd wait;

  if (process == NULL)
    return;
  vtpm_cleanup_close (&process->channel_fd);
  wait = (struct pollfd) { .fd = process->pidfd, .events = POLLIN };
  if (process->pidfd < 0
      || wait_readable (&wait, 1, deadline, "the supervisor did not end", NULL) < 0)
    kill (process->pid, SIGKILL);
  while (waitpid (process->pid, NULL, 0) < 0 && errno == EINTR)
    continue;
  vtpm_supervisor_process_release (process);
}
