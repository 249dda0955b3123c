/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_INSTANCE_SETUP_H
#define OCI_VTPM_INSTANCE_SETUP_H

/* What the supervisor of an instance that is kept needs, and cannot get by
   itself.  */

#include "deadline.h"
#include "host_config.h"
#include "instance_id.h"

/* The host's keys, for the supervisor to inherit (host_key.h), and what is to be
   kept open until the supervisor has locked its instance (host_key_access.h).  */
int vtpm_instance_fetch_keys (const struct vtpm_host_config *config, int *keys_fd, int *hold_fd,
                              struct vtpm_error **error);

/* Whether instance ID has a state: then its TPM has been made.  */
int vtpm_instance_has_state (const char *state_dir, const struct vtpm_instance_id *id, bool *has,
                             struct vtpm_error **error);

/* Waits while instance ID is held by a container whose vTPM below RUN_DIR is
   about to end.  In use by anyone else, or still after that: EBUSY, and the
   message names who.  */
int vtpm_instance_await (const char *state_dir, const struct vtpm_instance_id *id,
                         const char *run_dir, vtpm_deadline deadline, struct vtpm_error **error);

#endif
