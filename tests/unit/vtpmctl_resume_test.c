/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "vtpmctl_fixture.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "channel.h"
#include "protocol.h"
#include "rundir.h"

static void
set_up (void)
{
  signal (SIGPIPE, SIG_IGN);
  make_host ();
}

TestSuite (vtpmctl_resume, .init = set_up, .fini = remove_host, .timeout = 60);

/* A supervisor's stand-in that gives one client one answer.  */
static void
start_server (const char *id, uint32_t type, const char *text)
{
  static struct vtpm_message message;
  int dir_fd, listen_fd, fd;

  assert_success (vtpm_rundir_create (host.run_dir, id, &dir_fd, &error));
  assert_success (vtpm_rundir_listen (dir_fd, &listen_fd, &error));
  if (fork () == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      fcntl (listen_fd, F_SETFL, 0);
      fd = accept (listen_fd, NULL, NULL);
      vtpm_channel_receive (fd, &message, NULL);
      if (message.type == VTPM_CONTROL_RESUME)
        vtpm_channel_send_text (fd, type, text, NULL);
      _exit (0);
    }
  close (listen_fd);
  close (dir_fd);
}

Test (vtpmctl_resume, resumes)
{
  start_server ("4f3c", VTPM_CONTROL_RESUMING, "");
  run_success ("resume 4f");
  cr_expect_str_eq (printed, "");
}

Test (vtpmctl_resume, says_why_not)
{
  start_server ("4f3c", VTPM_CONTROL_REFUSED, "the vTPM is serving");
  run_error ("resume 4f3c", ECANCELED, "4f3c: the vTPM is serving");
}

Test (vtpmctl_resume, needs_a_vtpm)
{
  run_error ("resume 4f3c", ENOENT, "no vTPM of a container \"4f3c\"");
  cr_assert_eq (mkdir (temp_path ("run/4f3c"), 0700), 0);
  run_error ("resume 4f3c", ENOENT, "/4f3c: cannot connect");
}
