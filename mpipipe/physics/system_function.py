"""PLACEHOLDER (lead): replaced by brief A (Langevin, no anisotropy)."""
from types import SimpleNamespace
import numpy as np
def simulate_rows(scanner, particle, grid, *, keep_above=1e-4, oversampling=1, **_):
    V=int(np.lcm.reduce([d for d,a in zip(scanner.divider, scanner.drive_amplitude_mT) if a>0])); t=np.arange(V)
    drive=np.array([a*1e-3*np.cos(2*np.pi*t/d) for a,d in zip(scanner.drive_amplitude_mT,scanner.divider)])
    axes=[((np.arange(n)+.5)/n-.5)*f*1e-3+c*1e-3 for n,f,c in zip(grid.shape,grid.field_of_view_mm,grid.centre_mm)]
    pos=np.stack(np.meshgrid(*axes,indexing="ij")).reshape(len(axes),-1)
    pos=np.concatenate([pos,np.zeros((3-len(axes),pos.shape[1]))])
    B=np.array(scanner.gradient_T_per_m)[:,None,None]*pos[:,:,None]+drive[:,None,:]
    beta=particle.saturation_A_per_m*np.pi*(particle.core_diameter_nm*1e-9)**3/6/(1.380649e-23*particle.temperature_K)
    b=beta*np.linalg.norm(B,axis=0)+1e-9
    f=np.where(b<1e-2,1/3-b*b/45,(1/np.tanh(np.maximum(b,1e-2))-1/np.maximum(b,1e-2))/b)*beta
    S=np.fft.rfft(B*f,axis=-1)*np.arange(V//2+1)*1j/V
    S=S.transpose(0,2,1).reshape(3,V//2+1,*grid.shape)
    m=np.abs(S).reshape(3,V//2+1,-1).max(-1); top=m.max(-1); keep=(m>keep_above*top[:,None])&(top>1e-6*top.max())[:,None]; keep[:,0]=False
    c,k=np.nonzero(keep)
    return SimpleNamespace(values=S[c,k].astype("complex64"),channel=c.astype("int32"),frequency=k.astype("int32"),strength=(m[c,k]/top[c]).astype("float32"))
SystemMatrixRows = SimpleNamespace
