/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "ca_process.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "channel.h"
#include "child.h"
#include "protocol.h"

#define PROGRAM VTPM_LIBEXEC_DIR "/vtpm-ca"

static int
execute (const struct vtpm_ca_start *start, struct vtpm_error **error)
{
  const struct vtpm_certificate_binding *binding = &start->binding;
  const struct
  {
    const char *option, *value;
  } known[] = {
    { "--uuid", binding->uuid },           { "--container", binding->container },
    { "--namespace", binding->namespace }, { "--pod", binding->pod },
    { "--host", binding->host },
  };
  const char *program = start->program != NULL ? start->program : PROGRAM;
  const char *arguments[2 + 2 * sizeof (known) / sizeof (known[0])] = { "vtpm-ca" };
  char *const environment[] = { NULL };
  size_t count = 1;

  for (size_t i = 0; i < sizeof (known) / sizeof (known[0]); i++)
    if (known[i].value != NULL)
      {
        arguments[count++] = known[i].option;
        arguments[count++] = known[i].value;
      }
  execve (program, (char *const *) arguments, environment);
  return vtpm_error_set (error, errno, "cannot execute %s", program);
}

/* The child between fork and exec, which is root until vtpm_user_become.  */
static __attribute__ ((__noreturn__)) void
become_ca (const struct vtpm_ca_start *start, int channel_fd)
{
  struct vtpm_error *error = NULL;
  int report_fd = channel_fd;

  vtpm_child_reset_signals ();
  umask (077);
  if (chdir ("/") < 0)
    vtpm_error_set (&error, errno, "cannot leave the working directory");
  else if (vtpm_child_arrange_descriptors (&channel_fd, 1, VTPM_CHILD_STDIO_NULL, &error) == 0)
    {
      report_fd = VTPM_FD_CA_CHANNEL;
      if (vtpm_user_become (start->user, &error) == 0)
        execute (start, &error);
    }
  vtpm_channel_send_text (report_fd, VTPM_CA_REFUSED, vtpm_error_message (error), NULL);
  _exit (127);
}

int
vtpm_ca_process_start (const struct vtpm_ca_start *start, pid_t *pid, int *channel_fd,
                       struct vtpm_error **error)
{
  int channel[2];

  if (vtpm_channel_pair (channel, error) < 0)
    return -1;
  *pid = fork ();
  if (*pid == 0)
    become_ca (start, channel[1]);
  vtpm_cleanup_close (&channel[1]);
  if (*pid < 0)
    {
      vtpm_cleanup_close (&channel[0]);
      return vtpm_error_set (error, errno, "cannot fork vtpm-ca");
    }
  *channel_fd = channel[0];
  return 0;
}

void
vtpm_ca_process_end (pid_t pid)
{
  kill (pid, SIGKILL);
  while (waitpid (pid, NULL, 0) < 0 && errno == EINTR)
    continue;
}
