/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_VTPM_RECORD_H
#define OCI_VTPM_VTPM_RECORD_H

#include <json-c/json.h>

#include "driver.h"
#include "oci_state.h"
#include "vtpm_spec.h"

struct vtpm_record_facts
{
  const struct vtpm_oci_state *state;
  const struct vtpm_spec *spec;
  const struct vtpm_pair *pair;
  const struct vtpm_client_side *side;
  const char *uuid; /* of an ephemeral TPM; a kept one's is the instance's */
};

/* What vtpm.json says; vtpmctl(1) shows it.  The caller puts it.  */
json_object *vtpm_record_describe (const struct vtpm_record_facts *facts);

#endif
