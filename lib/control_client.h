/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_CONTROL_CLIENT_H
#define OCI_VTPM_CONTROL_CLIENT_H

/*
 * The client's side of a supervisor's control socket.  The supervisor is less
 * privileged than we are: its answers are bounded and checked, and it cannot
 * make us wait past a deadline.
 */

#include <sys/types.h>

#include "deadline.h"
#include "instance_id.h"
#include "json.h"

/* Connects to the supervisor of container ID below BASE.  errno values ENOENT
   and ECONNREFUSED mean that there is none.  */
int vtpm_control_connect (const char *base, const char *id, vtpm_deadline deadline, int *fd,
                          struct vtpm_error **error);

struct vtpm_control_status
{
  char state[16];       /* "starting", "offered", "serving", "restarting", "failed",
                           "stopping", "ended" */
  pid_t container_pid;  /* the container's init when the vTPM was made */
  pid_t supervisor_pid;
  pid_t emulator_pid;   /* 0 while there is none */
  char instance[VTPM_INSTANCE_ID_TEXT_SIZE]; /* "SCOPE/NAME"; "": ephemeral */
  int64_t emulator_restarts;
};

/* Asks for the status.  errno values ECONNRESET and EPIPE: the vTPM ended
   meanwhile.  On failure *STATUS is left alone.  */
int vtpm_control_get_status (int fd, vtpm_deadline deadline, struct vtpm_control_status *status,
                             struct vtpm_error **error);

/* Asks the supervisor to end the vTPM and waits until nothing of it is left.
   One that has ended already is no error.  */
int vtpm_control_stop (int fd, vtpm_deadline deadline, struct vtpm_error **error);

/* Asks a supervisor in state "failed" to leave it and try again.  A refusal is an
   error with errno value ECANCELED and the supervisor's reason.  */
int vtpm_control_resume (int fd, vtpm_deadline deadline, struct vtpm_error **error);

/* Waits until the supervisor has ended.  */
int vtpm_control_wait_gone (int fd, vtpm_deadline deadline, struct vtpm_error **error);

#endif
