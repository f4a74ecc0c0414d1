module parity/libcni

go 1.19

require github.com/containernetworking/cni v1.0.1
