/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_SUPERVISOR_PROCESS_H
#define OCI_VTPM_SUPERVISOR_PROCESS_H

/*
 * Starting a supervisor from the hook.  The supervisor outlives the hook and
 * the runtime: it gets a session of its own, an unblocked signal mask, default
 * signal actions, /dev/null as standard streams, and none of the descriptors
 * that the runtime left open.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "deadline.h"
#include "driver.h"
#include "instance_id.h"
#include "log.h"
#include "privilege.h"

struct vtpm_supervisor_start
{
  const char *container_id;
  pid_t container_pid;
  int container_pidfd;
  const struct vtpm_pair *pair;
  uid_t device_uid;
  gid_t device_gid;
  mode_t device_mode;
  enum vtpm_tpm_version version;
  const struct vtpm_user *user;
  unsigned int stop_timeout; /* seconds */
  unsigned int restarts_per_minute;
  enum vtpm_log_level log_level;

  const struct vtpm_instance_id *instance; /* NULL: nothing is kept */
  const char *uuid; /* of an instance that is new */
  const char *pooled; /* which of the pool a new TPM is (pool_list.h), or NULL */
  const char *state_dir;
  unsigned int pcr_banks; /* that the TPM has to have, 0: any */
  unsigned int eks;       /* likewise, at least */
  int seed_fd;            /* tpm_seed.h */
  int host_keys_fd; /* with an instance, or a pooled TPM, only */
};

struct vtpm_supervisor_process;

/* Starts it.  The descriptors in START are copied, not taken.  */
int vtpm_supervisor_process_start (const struct vtpm_supervisor_start *start,
                                   struct vtpm_supervisor_process **process,
                                   struct vtpm_error **error);

/* Waits until the TPM answers and the client side of PAIR is usable: both are
   events, and either can come first.  An error with errno value EAGAIN means
   that the kernel dropped this pair, and that another may fare better.  */
int vtpm_supervisor_process_wait_usable (struct vtpm_supervisor_process *process,
                                         struct vtpm_pair *pair, vtpm_deadline deadline,
                                         struct vtpm_error **error);

/* Hands it the text of vtpm.json and waits until that is recorded.  From then
   on the vTPM belongs to the container and no longer to the hook.  */
int vtpm_supervisor_process_record (struct vtpm_supervisor_process *process, const char *text,
                                    vtpm_deadline deadline, struct vtpm_error **error);

/* Ends a supervisor whose start was not recorded, and waits until it has gone
   with everything it made.  PROCESS may be NULL; it is freed.  */
void vtpm_supervisor_process_abort (struct vtpm_supervisor_process *process);

/* Leaves a recorded supervisor running.  */
void vtpm_supervisor_process_release (struct vtpm_supervisor_process *process);

#endif
