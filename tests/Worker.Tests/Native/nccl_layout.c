/* Prints what the C compiler makes of the structures and numbers that cross into NCCL: one "name value" a line. */
#include "nccl_abi.h"
#include <stdio.h>

#define OFFSET(field) printf(#field " %zu\n", offsetof(ncclConfig_t, field))
#define NUMBER(name) printf(#name " %u\n", (unsigned)(name))

int main(void) {
  printf("size_of_v21800 %zu\n", sizeof(ncclConfig_v21800_t));
  printf("size_of_newest %zu\n", sizeof(ncclConfig_t));
  printf("size_of_id %zu\n", sizeof(ncclUniqueId));
  printf("size_of_result %zu\n", sizeof(ncclResult_t));
  OFFSET(size);
  OFFSET(magic);
  OFFSET(version);
  OFFSET(blocking);
  OFFSET(cgaClusterSize);
  OFFSET(minCTAs);
  OFFSET(maxCTAs);
  OFFSET(netName);
  OFFSET(splitShare);
  OFFSET(trafficClass);
  NUMBER(NCCL_API_MAGIC);
  NUMBER(NCCL_CONFIG_UNDEF_INT);
  NUMBER(ncclSuccess);
  NUMBER(ncclUnhandledCudaError);
  NUMBER(ncclSystemError);
  NUMBER(ncclInternalError);
  NUMBER(ncclInvalidArgument);
  NUMBER(ncclInvalidUsage);
  NUMBER(ncclRemoteError);
  NUMBER(ncclInProgress);
  NUMBER(ncclFloat32);
  NUMBER(ncclSum);
  return 0;
}
