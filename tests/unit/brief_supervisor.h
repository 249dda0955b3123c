/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_BRIEF_SUPERVISOR_H
#define OCI_VTPM_BRIEF_SUPERVISOR_H

/* What stands in for a supervisor that is asked one thing.  */

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel.h"
#include "expect_error.h"
#include "protocol.h"
#include "rundir.h"

/* Makes ID's directory in RUN_DIR and starts a child that gives its first client the
   answer TYPE with TEXT, if that sends QUESTION, and then ends.  */
static inline void
start_brief_supervisor (const char *run_dir, const char *id, uint32_t question, uint32_t type,
                        const char *text)
{
  static struct vtpm_message message;
  int dir_fd, listen_fd, fd;
  pid_t pid;

  assert_success (vtpm_rundir_create (run_dir, id, &dir_fd, &error));
  assert_success (vtpm_rundir_listen (dir_fd, &listen_fd, &error));
  pid = fork ();
  cr_assert_geq (pid, 0);
  if (pid == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      fcntl (listen_fd, F_SETFL, 0);
      fd = accept (listen_fd, NULL, NULL);
      vtpm_channel_receive (fd, &message, NULL);
      if (message.type == question)
        vtpm_channel_send_text (fd, type, text, NULL);
      _exit (0);
    }
  close (listen_fd);
  close (dir_fd);
}

#endif
