/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_SUPERVISOR_H
#define OCI_VTPM_SUPERVISOR_H

/*
 * One vTPM's supervisor: owns the server side of the device pair, the
 * emulator, the run-time directory and the control socket, and ends them in
 * order when the container ends, whoever ended it.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "error.h"
#include "instance_id.h"
#include "log.h"
#include "tpm_version.h"

struct vtpm_supervisor_settings
{
  const char *container_id;
  pid_t container_pid;
  const char *run_dir;  /* of all vTPMs: /run/oci-vtpm */
  const char *emulator; /* path of vtpm-emulator */
  enum vtpm_tpm_version version;
  unsigned int pcr_banks; /* that it has to have (manufacture_spec.h), 0: any */
  unsigned int eks;       /* likewise, with certificates, at least */
  unsigned int stop_timeout; /* seconds for the TPM's orderly shutdown */
  unsigned int restarts_per_minute; /* of the emulator; then the vTPM stops trying */
  enum vtpm_log_level log_level;

  /* A persistent vTPM is kept as INSTANCE below STATE_DIR.  */
  bool persistent;
  struct vtpm_instance_id instance;
  const char *uuid; /* of an instance that is new (uuid.h); NULL: a random one */
  const char *state_dir;
  const char *pooled; /* the pool's TPM that a new one is (pool_list.h), or NULL */

  /* How the device pair was made (driver.h), and what such a driver wants to
     know (device_server.h).  */
  const char *driver;
  const char *device_name;
  uid_t device_uid;
  gid_t device_gid;
  mode_t device_mode;

  /* Inherited; the supervisor closes them.  */
  int server_fd;       /* what the driver has made */
  int hook_fd;         /* start channel */
  int container_pidfd;
  int seed_fd;         /* tpm_seed.h: what a TPM that is new begins with; -1: nothing */
  int host_keys_fd;    /* host_key.h; -1 unless persistent or pooled */
};

/* Runs until the vTPM has ended and nothing of it is left.  Trouble while the
   hook waits is reported to it over the start channel.  Returns 0 after an
   orderly shutdown, -1 with *ERROR set otherwise.  */
int vtpm_supervisor_run (const struct vtpm_supervisor_settings *settings,
                         struct vtpm_error **error);

#endif
