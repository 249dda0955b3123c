/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_OVERVIEW_H
#define OCI_VTPM_OVERVIEW_H

#include "json.h"
#include "vtpmctl.h"

/* Everything there is on HOST, as an array of objects: the running vTPMs by their
   containers' ids (vtpm_info.h), then the other instances by name (kept_info.h).
   Leaves root behind for good.  The caller puts *DESCRIPTIONS.  */
int vtpm_overview_get (const struct vtpmctl_host *host, json_object **descriptions,
                       struct vtpm_error **error);

#endif
