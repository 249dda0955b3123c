/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_CHANNEL_CERTIFIER_H
#define OCI_VTPM_CHANNEL_CERTIFIER_H

#include "manufacture.h"

/* A certifier that asks who is at the other end of the channel FD, which lives as long: an
   authority that speaks as protocol.h has it (enum vtpm_ca_message).  Its refusal is the
   error, and so is its silence when it has ended.  It has no time-out.  */
struct vtpm_certifier vtpm_channel_certifier (const int *fd);

#endif
